/*
 * The rival of programs/source-list.ts, with the steps of xdp-filter (xdp-tools) for rules about addresses: both ends are
 * looked up, the destination first, a rule says for which end it is, and what became of packets is counted by verdict.
 */
#include "packet.h"

#define END_SOURCE 1
#define END_DESTINATION 2

struct rule { __u32 ends; };
struct total { __u64 packets, bytes; };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10000);
	__type(key, __u32);
	__type(value, struct rule);
} listed4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10000);
	__type(key, union address);
	__type(value, struct rule);
} listed6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 5);
	__type(key, __u32);
	__type(value, struct total);
} totals SEC(".maps");

static __always_inline bool is_listed(void *list, void *address, __u32 end)
{
	struct rule *rule = bpf_map_lookup_elem(list, address);

	return rule && rule->ends & end;
}

static __always_inline int judge(struct xdp_md *ctx, bool listed)
{
	__u32 action = listed ? XDP_PASS : XDP_DROP;
	struct total *total = bpf_map_lookup_elem(&totals, &action);

	if (total) {
		total->packets++;
		total->bytes += ctx->data_end - ctx->data;
	}
	return action;
}

SEC("xdp") int xdp_filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = data;
	void *network = ethernet + 1;

	if (network > end)
		return XDP_PASS;
	__u16 type = ethernet->type;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct vlan *tag = network;
		if (!is_tag(type))
			break;
		if ((void *)(tag + 1) > end)
			return XDP_PASS;
		type = tag->type;
		network = tag + 1;
	}
	if (type == ETH_IPV4) {
		struct ipv4 *ip = network;
		if ((void *)(ip + 1) > end)
			return judge(ctx, false);
		__u32 source = ip->source, destination = ip->destination;
		return judge(ctx, is_listed(&listed4, &destination, END_DESTINATION) ||
				  is_listed(&listed4, &source, END_SOURCE));
	}
	if (type == ETH_IPV6) {
		struct ipv6 *ip = network;
		union address source, destination;
		if ((void *)(ip + 1) > end)
			return judge(ctx, false);
		__builtin_memcpy(&source, ip->source, 16);
		__builtin_memcpy(&destination, ip->destination, 16);
		return judge(ctx, is_listed(&listed6, &destination, END_DESTINATION) ||
				  is_listed(&listed6, &source, END_SOURCE));
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
