/* The rival of programs/filter.ts: TCP and UDP over IPv4, allowed by source prefix and range of destination ports. */
#include "packet.h"

struct prefix { __u32 length, address; };
struct rule { __u16 from, to; };
struct total { __u64 passed, dropped; };

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 100000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, struct rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct total);
} totals SEC(".maps");

static __always_inline bool allowed(__u32 source, __u16 port)
{
	struct prefix key = { .length = 32, .address = source };
	struct rule *rule = bpf_map_lookup_elem(&rules, &key);

	return rule && port >= rule->from && port <= rule->to;
}

SEC("xdp") int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = data;
	struct ipv4 *ip = data + sizeof(*ethernet);

	if ((void *)(ip + 1) > end || ethernet->type != ETH_IPV4)
		return XDP_PASS;
	__u32 words = ip->start & 15;
	if (words < 5 || (ip->protocol != TCP && ip->protocol != UDP))
		return XDP_PASS;
	struct ports *ports = (void *)ip + words * 4;
	if ((void *)(ports + 1) > end)
		return XDP_DROP;
	bool passed = allowed(ip->source, bpf_ntohs(ports->destination));
	__u32 zero = 0;
	struct total *total = bpf_map_lookup_elem(&totals, &zero);
	if (total) {
		if (passed)
			total->passed++;
		else
			total->dropped++;
	}
	return passed ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
