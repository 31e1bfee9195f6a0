/*
 * Prepares every repeat of a measurement: takes the next frame of the cycle, restores the packet's length and content
 * from it, and continues in the program under test. Its own cost is measured with a program that returns at once, and
 * subtracted.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define FRAME_WORDS 16

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
__u32 next;

SEC("xdp") int wrapper(struct xdp_md *ctx)
{
	__u32 at = next;
	next = (at + 1) & last;
	struct frame *frame = bpf_map_lookup_elem(&frames, &at);
	if (!frame)
		return XDP_ABORTED;

	__u64 now = (long)ctx->data_end - (long)ctx->data;
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
	bpf_tail_call(ctx, &tested, 0);
	return XDP_ABORTED;
}

/* What the wrapper's own cost is measured with. */
SEC("xdp") int bare(struct xdp_md *ctx)
{
	return XDP_TX;
}

char _license[] SEC("license") = "Dual MIT/GPL";
