/*
 * The rival of examples/rate-limiter: a token bucket for each source in a tenant's network, an IPv6 host's /64 being one
 * source, and one for each tenant that has a limit. Config in two generations.
 */
#include "traffic.h"

struct source { __u32 vni, spare; union address address; };
struct rate { __u64 per_second, burst; };
struct bucket { __u64 tokens, at; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__uint(max_entries, 4096);
		__uint(key_size, sizeof(__u32));
		__uint(value_size, sizeof(struct rate));
	});
} rate_limiter_perTenant SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 100000);
	__type(key, struct source);
	__type(value, struct bucket);
} rate_limiter_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct bucket);
} rate_limiter_tenants SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} zeta_drops SEC(".maps");

struct { __u32 generation; struct rate slots[2]; } zeta_config SEC(".data");

enum { SOURCE, TENANT };
#define UNIT 1000000000ull
#define LONGEST_GAP 16000000000ull

static __always_inline int drop(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&zeta_drops, &reason);

	if (count)
		*count += 1;
	return XDP_DROP;
}

static __always_inline bool allow(void *buckets, void *key, const struct rate *rate)
{
	__u64 now = bpf_ktime_get_coarse_ns(), full = rate->burst * UNIT;
	struct bucket *bucket = bpf_map_lookup_elem(buckets, key);

	if (!bucket) {
		if (full < UNIT)
			return false;
		struct bucket fresh = { .tokens = full - UNIT, .at = now };
		bpf_map_update_elem(buckets, key, &fresh, BPF_ANY);
		return true;
	}
	__u64 gap = now - bucket->at;
	if (gap > LONGEST_GAP)
		gap = LONGEST_GAP;
	__u64 tokens = bucket->tokens + gap * rate->per_second;
	if (tokens > full)
		tokens = full;
	bool enough = tokens >= UNIT;
	bucket->at = now;
	bucket->tokens = enough ? tokens - UNIT : tokens;
	return enough;
}

SEC("xdp") int rate_limiter(struct xdp_md *ctx)
{
	struct parts p;
	__u32 slot = zeta_config.generation & 1;

	/* All packets are the limiter's: none gets by that nobody can read. */
	if (!parse(ctx, &p))
		return p.broken ? XDP_DROP : XDP_PASS;
	count_traffic(&p);
	struct source source = { .address = p.source };
	if (p.ip6)
		source.address.halves[1] = 0;
	if (!allow(&rate_limiter_sources, &source, &zeta_config.slots[slot]))
		return drop(SOURCE);
	void *limits = bpf_map_lookup_elem(&rate_limiter_perTenant, &slot);
	struct rate *limit = limits ? bpf_map_lookup_elem(limits, &source.vni) : NULL;
	if (limit && !allow(&rate_limiter_tenants, &source.vni, limit))
		return drop(TENANT);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
