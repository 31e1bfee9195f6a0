/*
 * The rival of examples/balancer: connections to a service's addresses are spread over backends by Maglev, each direction
 * of a flow is remembered in an LRU table with its next hop, packets are rewritten and sent on by route.
 */
#include "flow.h"

struct listener { union address address; __u16 port; __u8 protocol, spare[5]; };
/* The numbers of choices, from 1 on, in lines of the cache; 0: none. */
#define LINE 32
struct line { __u16 numbers[LINE]; };
#define TABLE_SIZE 65537

/* Reasons for drops, in the order of the service's manifest. */
enum { TABLE_FULL, NO_BACKEND, OTHER_FAMILY };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, (TABLE_SIZE + LINE - 1) / LINE);
		__uint(key_size, sizeof(__u32));
		__uint(value_size, sizeof(struct line));
	});
} balancer_backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1024);
		__uint(key_size, sizeof(__u32));
		__uint(value_size, sizeof(struct endpoint));
	});
} balancer_backends_choices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__uint(max_entries, 1024);
		__uint(key_size, sizeof(struct endpoint));
		__uint(value_size, sizeof(__u8));
	});
} balancer_backends_set SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct listener);
	__type(value, __u8);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct words);
	__type(value, __u64);
} opened SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

struct { __u32 generation; } zeta_config SEC(".data");

static __always_inline bool is_listener(const struct parts *p)
{
	struct listener key = { .address = p->destination, .port = p->destination_port, .protocol = p->protocol };

	if (bpf_map_lookup_elem(&listeners, &key))
		return true;
	key.port = 0;
	return bpf_map_lookup_elem(&listeners, &key);
}

/* Asked when a known flow meets newer config: whether its backend is still configured. */
static __always_inline bool holds(const struct flow_entry *entry, __u32 slot)
{
	void *set = bpf_map_lookup_elem(&balancer_backends_set, &slot);
	struct endpoint backend = { .port = bpf_ntohs(entry->destination.port) };

	__builtin_memcpy(&backend.address, entry->destination.address, 16);
	return set && bpf_map_lookup_elem(set, &backend);
}

static __always_inline void count_drop(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&drops, &reason);

	if (count)
		*count += 1;
}

/* By where they were sent. */
static __always_inline void count_opened(const struct words *destination)
{
	__u64 *flows = bpf_map_lookup_elem(&opened, destination), first = 1;

	if (flows)
		__sync_fetch_and_add(flows, 1);
	else
		bpf_map_update_elem(&opened, destination, &first, BPF_ANY);
}

static __always_inline struct endpoint *pick(__u32 hash, __u32 slot)
{
	void *table = bpf_map_lookup_elem(&balancer_backends, &slot);
	void *choices = bpf_map_lookup_elem(&balancer_backends_choices, &slot);
	__u32 place = (__u64)hash * TABLE_SIZE >> 32, at = place / LINE;
	struct line *line = table ? bpf_map_lookup_elem(table, &at) : NULL;

	if (!line || !choices)
		return NULL;
	/* Number 0 is no index. */
	__u32 number = line->numbers[place % LINE] - 1;
	return bpf_map_lookup_elem(choices, &number);
}

/* The entry of a new flow, or NULL: the packet is dropped and counted. */
static __always_inline struct flow_entry *decide(const struct parts *p, const struct flow_key *key, __u32 generation)
{
	struct endpoint *chosen = pick(hash_flow(key, p->protocol), generation & 1);

	if (!chosen) {
		count_drop(NO_BACKEND);
		return NULL;
	}
	if (is_ipv4(&key->destination) != is_ipv4(&chosen->address)) {
		count_drop(OTHER_FAMILY);
		return NULL;
	}
	struct flow_entry entry = { .change = CHANGE_DESTINATION, .generation = generation };
	struct flow_key back = {
		.source = chosen->address,
		.destination = key->source,
		.source_port = chosen->port,
		.destination_port = key->source_port,
		.network = key->network,
	};
	words_of(&entry.source, &key->destination, key->destination_port);
	words_of(&entry.destination, &key->source, key->source_port);
	entry.change = CHANGE_SOURCE | CHANGE_REPLY;
	/* Replies of two flows that leave with the same ends could not be told apart. */
	if (bpf_map_update_elem(&flows, &back, &entry, BPF_NOEXIST))
		return NULL;
	words_of(&entry.source, &key->source, key->source_port);
	words_of(&entry.destination, &chosen->address, chosen->port);
	entry.change = CHANGE_DESTINATION;
	bpf_map_update_elem(&flows, key, &entry, BPF_ANY);
	struct flow_entry *made = bpf_map_lookup_elem(&flows, key);
	if (made)
		count_opened(&made->destination);
	else
		count_drop(TABLE_FULL);
	return made;
}

SEC("xdp") int balancer(struct xdp_md *ctx)
{
	__u32 generation = zeta_config.generation;
	struct parts p;

	if (!parse(ctx, &p))
		return XDP_PASS;
	struct flow_key key = {
		.source = p.source,
		.destination = p.destination,
		.source_port = p.source_port,
		.destination_port = p.destination_port,
		/* Bit fields of 24 and 8 bits, the first one highest. */
		.network = p.protocol,
	};
	struct flow_entry *entry = bpf_map_lookup_elem(&flows, &key);
	if (!entry) {
		if (!is_listener(&p))
			return XDP_PASS;
		entry = decide(&p, &key, generation);
	} else if (!(entry->change & CHANGE_REPLY)) {
		bool opened = opens(&p);
		if (entry->generation == generation || (!opened && holds(entry, generation & 1))) {
			entry->generation = generation;
			if (opened)
				count_opened(&entry->destination);
		} else {
			forget(&key, entry);
			entry = decide(&p, &key, generation);
		}
	}
	return entry ? apply(ctx, &p, entry) : XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
