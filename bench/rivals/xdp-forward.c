/*
 * The rival of programs/forward.ts, with the steps of xdp-forward (xdp-tools): the kernel is asked for the route of every
 * packet with a hop left to live; it is aged and sent on, dropped where the route says so, and else the kernel's.
 */
#include "packet.h"

static __always_inline int otherwise(long result)
{
	return result == BPF_FIB_LKUP_RET_BLACKHOLE || result == BPF_FIB_LKUP_RET_UNREACHABLE ||
		result == BPF_FIB_LKUP_RET_PROHIBIT ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int xdp_forward(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = data;
	struct ipv4 *ip4 = data + sizeof(*ethernet);
	struct ipv6 *ip6 = data + sizeof(*ethernet);
	struct bpf_fib_lookup question = { .ifindex = ctx->ingress_ifindex };
	long result;

	if ((void *)(ethernet + 1) > end)
		return XDP_PASS;
	if (ethernet->type == ETH_IPV4) {
		if ((void *)(ip4 + 1) > end || ip4->ttl <= 1)
			return XDP_PASS;
		question.family = 2;
		question.l4_protocol = ip4->protocol;
		question.tot_len = bpf_ntohs(ip4->total_length);
		question.ipv4_src = ip4->source;
		question.ipv4_dst = ip4->destination;
		result = bpf_fib_lookup(ctx, &question, sizeof(question), 0);
		if (result != BPF_FIB_LKUP_RET_SUCCESS)
			return otherwise(result);
		__u16 *hops = (void *)&ip4->ttl, old = *hops;
		*hops = old - 1;
		ip4->checksum = updated(ip4->checksum, changed(old, old - 1));
	} else if (ethernet->type == ETH_IPV6) {
		if ((void *)(ip6 + 1) > end || ip6->hop_limit <= 1)
			return XDP_PASS;
		question.family = 10;
		question.l4_protocol = ip6->next_header;
		question.tot_len = bpf_ntohs(ip6->payload_length);
		__builtin_memcpy(question.ipv6_src, ip6->source, 16);
		__builtin_memcpy(question.ipv6_dst, ip6->destination, 16);
		result = bpf_fib_lookup(ctx, &question, sizeof(question), 0);
		if (result != BPF_FIB_LKUP_RET_SUCCESS)
			return otherwise(result);
		ip6->hop_limit--;
	} else
		return XDP_PASS;
	__builtin_memcpy(ethernet->destination, question.dmac, 6);
	__builtin_memcpy(ethernet->source, question.smac, 6);
	return bpf_redirect(question.ifindex, 0);
}

char _license[] SEC("license") = "Dual MIT/GPL";
