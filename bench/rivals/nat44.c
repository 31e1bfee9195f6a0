/*
 * The rival of examples/nat44, for TCP and UDP: hosts inside share external addresses, an inside address and port has one
 * external port whoever it talks to, static forwards lead in, and what is IPv6 is forwarded as it is. Flows and mappings stand
 * in LRU tables of the kernel's; which external address and port is tried, and when, is as in bpf-lib.
 */
#include "flow.h"

struct prefix { __u32 length; __u32 address[4]; };
struct range { union address address; __u16 first, last, spare[2]; };
struct ports_of { __u16 first, last; };
struct forward { union address address; __u16 port; __u8 protocol, spare[5]; };
struct mapping { union address address; __u16 port; __u8 protocol, spare; __u32 vni; };

#define PROBES 64
/* Its source is a mapping's. */
#define CHANGE_MAPPED 32

enum { NOBODY, NO_PORT, IN_USE };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);
		__uint(max_entries, 256);
		__uint(map_flags, BPF_F_NO_PREALLOC);
		__uint(key_size, sizeof(struct prefix));
		__uint(value_size, sizeof(__u8));
	});
} nat44_inside SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 64);
		__uint(key_size, sizeof(__u32));
		__uint(value_size, sizeof(struct range));
	});
} nat44_external SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__uint(max_entries, 64);
		__uint(key_size, sizeof(union address));
		__uint(value_size, sizeof(struct ports_of));
	});
} nat44_external_ports SEC(".maps");

#define FORWARDS(name) \
	struct { \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
		__uint(max_entries, 2); \
		__type(key, __u32); \
		__array(values, struct { \
			__uint(type, BPF_MAP_TYPE_HASH); \
			__uint(max_entries, 256); \
			__uint(key_size, sizeof(struct forward)); \
			__uint(value_size, sizeof(struct endpoint)); \
		}); \
	} name SEC(".maps")

FORWARDS(nat44_external_inward);
FORWARDS(nat44_external_outward);

/* From inside endpoints to external ones, and back. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct mapping);
	__type(value, struct endpoint);
} outward SEC(".maps"), inward SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

struct counts { __u32 ipv4, ipv6; };
struct { __u32 generation; struct counts slots[2]; } zeta_config SEC(".data");

static __always_inline bool drop(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&drops, &reason);

	if (count)
		*count += 1;
	return false;
}

static __always_inline bool is_inside(const union address *address, __u32 slot)
{
	void *table = bpf_map_lookup_elem(&nat44_inside, &slot);
	struct prefix key = { .length = 128 };

	__builtin_memcpy(key.address, address, 16);
	return table && bpf_map_lookup_elem(table, &key);
}

static __always_inline struct ports_of *ports_of(const union address *external, __u32 slot)
{
	void *table = bpf_map_lookup_elem(&nat44_external_ports, &slot);

	return table ? bpf_map_lookup_elem(table, external) : NULL;
}

/* Whether the pool has what a mapping was given under older config. */
static __always_inline bool is_owned(const struct endpoint *external, __u32 slot)
{
	struct ports_of *ports = ports_of(&external->address, slot);

	return ports && external->port >= ports->first && external->port <= ports->last;
}

static __always_inline struct endpoint *forwarded(void *forwards, __u32 slot, const struct endpoint *of, __u8 protocol)
{
	void *table = bpf_map_lookup_elem(forwards, &slot);
	struct forward key = { .address = of->address, .port = of->port, .protocol = protocol };

	return table ? bpf_map_lookup_elem(table, &key) : NULL;
}

static __always_inline struct range *pick(const union address *host, __u32 slot)
{
	void *table = bpf_map_lookup_elem(&nat44_external, &slot);
	__u64 mixed = folded(host) * SECOND;
	__u32 hash = ((mixed ^ mixed >> 29) * FIRST) >> 32;
	__u32 at = (__u64)hash * zeta_config.slots[slot & 1].ipv4 >> 32;

	return table ? bpf_map_lookup_elem(table, &at) : NULL;
}

struct probe {
	struct mapping outside;
	struct endpoint from;
	__u32 hash;
	__u16 first, last;
	bool taken;
};

/* Takes the nth port that may be tried, unless somebody has it: then 0, for the next. */
static long try_port(__u64 n, struct probe *probe)
{
	__u32 span = probe->last - probe->first + 1;
	__u16 port = probe->first + (probe->hash + (__u32)n) % span;

	if (n == 0 && probe->from.port >= probe->first && probe->from.port <= probe->last)
		port = probe->from.port;
	probe->outside.port = port;
	if (!port || bpf_map_update_elem(&inward, &probe->outside, &probe->from, BPF_NOEXIST))
		return 0;
	probe->taken = true;
	return 1;
}

/* The external endpoint of an inside one: as it was, or a new one, its own port if that is free. */
static __always_inline bool take_port(struct endpoint *from, __u8 protocol, __u32 slot)
{
	struct mapping inside = { .address = from->address, .port = from->port, .protocol = protocol };
	struct endpoint *known = bpf_map_lookup_elem(&outward, &inside);

	struct range *range = pick(&from->address, slot);
	if (known) {
		struct endpoint external = *known;
		bool offered = range && !__builtin_memcmp(&range->address, &external.address, 16) &&
			external.port >= range->first && external.port <= range->last;
		if (offered || is_owned(&external, slot)) {
			*from = external;
			return true;
		}
		struct mapping gone = { .address = external.address, .port = external.port, .protocol = protocol };
		bpf_map_delete_elem(&inward, &gone);
		bpf_map_delete_elem(&outward, &inside);
	}
	if (!range)
		return drop(NO_PORT);
	struct flow_key seed = {
		.source = from->address, .destination = range->address, .source_port = from->port,
	};
	__u32 hash = hash_flow(&seed, protocol);
	struct probe probe = {
		.outside = { .address = range->address, .protocol = protocol },
		.from = *from, .first = range->first, .last = range->last, .hash = hash,
	};
	bpf_loop(PROBES, try_port, &probe, 0);
	if (!probe.taken)
		return drop(NO_PORT);
	from->address = probe.outside.address;
	from->port = probe.outside.port;
	bpf_map_update_elem(&outward, &inside, from, BPF_ANY);
	return true;
}

static __always_inline bool find_holder(struct endpoint *to, __u8 protocol, __u32 slot)
{
	struct mapping outside = { .address = to->address, .port = to->port, .protocol = protocol };
	struct endpoint *holder = forwarded(&nat44_external_inward, slot, to, protocol);

	if (!holder)
		holder = bpf_map_lookup_elem(&inward, &outside);
	if (!holder)
		return drop(NOBODY);
	*to = *holder;
	return true;
}

/* Enters both directions of a flow between two ends. */
static __always_inline struct flow_entry *enter(const struct flow_key *key, const struct endpoint *from,
	const struct endpoint *to, __u32 change, __u32 generation)
{
	struct flow_key back = {
		.source = to->address, .destination = from->address,
		.source_port = to->port, .destination_port = from->port, .network = key->network,
	};
	struct flow_entry entry = { .change = CHANGE_REPLY, .generation = generation };

	if (change & CHANGE_SOURCE)
		entry.change |= CHANGE_DESTINATION;
	if (change & CHANGE_DESTINATION)
		entry.change |= CHANGE_SOURCE;
	words_of(&entry.source, &key->destination, key->destination_port);
	words_of(&entry.destination, &key->source, key->source_port);
	if (bpf_map_update_elem(&flows, &back, &entry, BPF_NOEXIST)) {
		drop(IN_USE);
		return NULL;
	}
	words_of(&entry.source, &from->address, from->port);
	words_of(&entry.destination, &to->address, to->port);
	entry.change = change;
	bpf_map_update_elem(&flows, key, &entry, BPF_ANY);
	return bpf_map_lookup_elem(&flows, key);
}

static __always_inline struct flow_entry *decide(const struct parts *p, const struct flow_key *key, __u32 generation)
{
	struct endpoint from = { .address = key->source, .port = key->source_port };
	struct endpoint to = { .address = key->destination, .port = key->destination_port };
	__u32 slot = generation & 1, change = 0;

	if (!p->ip4)
		return enter(key, &from, &to, change, generation);
	if (ports_of(&to.address, slot)) {
		if (!find_holder(&to, p->protocol, slot))
			return NULL;
		change |= CHANGE_DESTINATION;
	}
	if (is_inside(&from.address, slot)) {
		struct endpoint *fixed = forwarded(&nat44_external_outward, slot, &from, p->protocol);
		if (fixed)
			from = *fixed;
		else if (take_port(&from, p->protocol, slot))
			change |= CHANGE_MAPPED;
		else
			return NULL;
		change |= CHANGE_SOURCE;
	}
	return enter(key, &from, &to, change, generation);
}

/* Asked when a known flow meets newer config: whether it may keep its external address. */
static __always_inline bool holds(const struct flow_key *key, const struct flow_entry *entry, __u32 slot)
{
	struct endpoint external = { .port = bpf_ntohs(entry->source.port) };

	__builtin_memcpy(&external.address, entry->source.address, 16);
	if (is_inside(&key->source, slot) && !ports_of(&external.address, slot))
		return false;
	return !(entry->change & CHANGE_MAPPED) || is_owned(&external, slot);
}

SEC("xdp") int nat44(struct xdp_md *ctx)
{
	__u32 generation = zeta_config.generation;
	struct parts p;

	if (!parse(ctx, &p))
		return p.broken ? XDP_DROP : XDP_PASS;
	struct flow_key key = {
		.source = p.source,
		.destination = p.destination,
		.source_port = p.source_port,
		.destination_port = p.destination_port,
		/* Bit fields of 24 and 8 bits, the first one highest. */
		.network = p.protocol,
	};
	struct flow_entry *entry = bpf_map_lookup_elem(&flows, &key);
	if (!entry)
		entry = decide(&p, &key, generation);
	else if (!(entry->change & CHANGE_REPLY) && entry->generation != generation) {
		if (opens(&p) || !holds(&key, entry, generation & 1)) {
			forget(&key, entry);
			entry = decide(&p, &key, generation);
		} else
			entry->generation = generation;
	}
	return entry ? apply(ctx, &p, entry) : XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
