/*
 * The rival of examples/acl: lets in what its rules allow, by source prefix and range of destination ports, limits
 * packets per source by a token bucket, and counts what it lets in and why it drops. Config in two generations.
 */
#include "traffic.h"

struct prefix { __u32 length; __u32 address[4]; };
struct rule { __u16 from, to; };
struct bucket { __u64 tokens, at; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);
		__uint(max_entries, 100000);
		__uint(map_flags, BPF_F_NO_PREALLOC);
		__uint(key_size, sizeof(struct prefix));
		__uint(value_size, sizeof(struct rule));
	});
} acl_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 100000);
	__type(key, union address);
	__type(value, struct bucket);
} acl_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} zeta_counters SEC(".maps"), zeta_drops SEC(".maps");

struct slot { __u64 per_second, burst; };
struct { __u32 generation; struct slot slots[2]; } zeta_config SEC(".data");

enum { NO_RULE, PORT, RATE };
#define UNIT 1000000000ull
#define LONGEST_GAP 16000000000ull

static __always_inline void count(void *counters, __u32 index)
{
	__u64 *count = bpf_map_lookup_elem(counters, &index);

	if (count)
		*count += 1;
}

static __always_inline bool allow(const union address *source, const struct slot *slot)
{
	__u64 now = bpf_ktime_get_coarse_ns(), full = slot->burst * UNIT;
	struct bucket *bucket = bpf_map_lookup_elem(&acl_sources, source);

	if (!bucket) {
		if (full < UNIT)
			return false;
		struct bucket fresh = { .tokens = full - UNIT, .at = now };
		bpf_map_update_elem(&acl_sources, source, &fresh, BPF_ANY);
		return true;
	}
	__u64 gap = now - bucket->at;
	if (gap > LONGEST_GAP)
		gap = LONGEST_GAP;
	__u64 tokens = bucket->tokens + gap * slot->per_second;
	if (tokens > full)
		tokens = full;
	bool enough = tokens >= UNIT;
	bucket->at = now;
	bucket->tokens = enough ? tokens - UNIT : tokens;
	return enough;
}

static __always_inline int drop(__u32 reason)
{
	count(&zeta_drops, reason);
	return XDP_DROP;
}

SEC("xdp") int acl(struct xdp_md *ctx)
{
	struct parts p;
	__u32 slot = zeta_config.generation & 1, at = slot;

	/* All packets are the list's: none gets by that nobody can read. */
	if (!parse(ctx, &p))
		return p.broken ? XDP_DROP : XDP_PASS;
	count_traffic(&p);
	void *rules = bpf_map_lookup_elem(&acl_rules, &at);
	struct prefix key = { .length = 128 };
	__builtin_memcpy(key.address, &p.source, 16);
	struct rule *rule = rules ? bpf_map_lookup_elem(rules, &key) : NULL;
	if (!rule)
		return drop(NO_RULE);
	if (p.destination_port < rule->from || p.destination_port > rule->to)
		return drop(PORT);
	if (!allow(&p.source, &zeta_config.slots[slot]))
		return drop(RATE);
	count(&zeta_counters, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
