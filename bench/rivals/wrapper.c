/*
 * Prepares every repeat of a measurement: takes the next frame of the cycle, restores the packet's length and content
 * from it, and continues in the program under test. Its own cost is measured with a program that returns at once, and
 * subtracted.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#ifndef FRAME_WORDS
#define FRAME_WORDS 16
#endif

struct frame { __u64 words[FRAME_WORDS]; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct frame);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tested SEC(".maps");

/* Set before loading, so that the verifier drops the words that no frame has. */
const volatile __u32 length = 64;
const volatile __u32 last = 0;
/*
 * Where a frame of millions of flows is made from one: the flow's number is added to the word in network order at the first
 * offset and its low bits to the port at the second. 0: frames are taken as they are. Checksums are not kept: no program
 * that is measured so looks at those of the inner packet.
 */
const volatile __u32 vary_address = 0;
const volatile __u32 vary_port = 0;
/* By how many bytes the program under test makes the packet longer at its head, modulo 2^32: what makes it shorter has a negative number. */
const volatile __u32 head = 0;
__u32 next;
/* An odd number: flows come in its multiples' order. Changed after all have come once, so that memory which a table gave out in
 * the order of their coming is not walked in that order ever after. */
__u32 stride = 1;

SEC("xdp") int wrapper(struct xdp_md *ctx)
{
	__u32 flow = (next * stride) & last, at = vary_address ? 0 : flow;
	next = (next + 1) & last;
	struct frame *frame = bpf_map_lookup_elem(&frames, &at);
	if (!frame)
		return XDP_ABORTED;

	__u64 now = (long)ctx->data_end - (long)ctx->data;
	if (head && now != length) {
		if (bpf_xdp_adjust_head(ctx, (int)head))
			return XDP_ABORTED;
		now -= (int)head;
	}
	if (now != length && bpf_xdp_adjust_tail(ctx, (int)(length - now)))
		return XDP_ABORTED;
	__u64 *to = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	if ((void *)to + length > end)
		return XDP_ABORTED;
#pragma unroll
	for (int i = 0; i < FRAME_WORDS; i++) {
		if (i * 8 < length && (void *)(to + i + 1) <= end)
			to[i] = frame->words[i];
	}
	if (vary_address) {
		__u32 *address = (void *)to + (vary_address & (FRAME_WORDS * 8 - 1));
		__u16 *port = (void *)to + (vary_port & (FRAME_WORDS * 8 - 1));
		if ((void *)(address + 1) > end || (void *)(port + 1) > end)
			return XDP_ABORTED;
		*address = bpf_htonl(bpf_ntohl(*address) + flow);
		*port = bpf_htons(bpf_ntohs(*port) + (flow & 0x3fff));
	}
	bpf_tail_call(ctx, &tested, 0);
	return XDP_ABORTED;
}

/* What the wrapper's own cost is measured with. */
SEC("xdp") int bare(struct xdp_md *ctx)
{
	return XDP_TX;
}

/* The same, with a head for the wrapper to take back: half of what that costs more is the wrapper's. */
SEC("xdp") int grown(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, -(int)head) ? XDP_ABORTED : XDP_TX;
}

char _license[] SEC("license") = "Dual MIT/GPL";
