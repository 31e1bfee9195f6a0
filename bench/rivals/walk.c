/*
 * Packets on their walk from node to node: every repeat of a measurement is one node's turn with a packet as the node before has
 * left it. They go in batches, as drivers hand them over: each node has all of one before the next node has them. Batches of one
 * stay where they are; packets of others are put away in between. The first node takes fresh packets, of the next flows. The
 * walk's own cost is measured with programs that only make packets as much longer, and subtracted. Packets on their way can be
 * kept, to measure a node by itself with them.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FRAME_BYTES 256
#define KEPT_BYTES 512
#define MOST_TURNS 8
#define MOST_IN_A_BATCH 64

struct frame { __u8 bytes[FRAME_BYTES]; };
struct kept { __u8 bytes[KEPT_BYTES]; };
struct away { __u32 length; __u32 spare; __u8 bytes[KEPT_BYTES]; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct frame);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kept);
} kept SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_IN_A_BATCH);
	__type(key, __u32);
	__type(value, struct away);
} between SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, MOST_TURNS);
	__type(key, __u32);
	__type(value, __u32);
} nodes SEC(".maps");

/* Set before loading. Of a flow's packet: its length, and where its number goes, as in wrapper.c. */
const volatile __u32 length = 64;
const volatile __u32 last = 0;
const volatile __u32 vary_address = 26;
const volatile __u32 vary_port = 34;
/* How many nodes they go by, and how many together. */
const volatile __u32 turns = 1;
const volatile __u32 batch = 1;
/* Before which node they are kept, of which length they are then, and how many of them. */
const volatile __u32 keep_before = ~0;
const volatile __u32 kept_length = 64;
const volatile __u32 last_kept = 0;
/* By how many bytes each node makes packets longer, modulo 2^32. */
const volatile __u32 heads[MOST_TURNS] = {};
/* Whose turn it is, with which of the batch, and how many packets have begun before it. */
__u32 turn;
__u32 place;
__u32 walks;
/* One more than the place of the packet that is here from before; 0 for one that has come to its end. */
__u32 left;
/* Whose turn it was. */
__u32 at;
/* Packets that were not of the length at which they are kept. */
__u32 wrong;

/* A packet's length, in a form that the verifier takes for one. */
static __always_inline __u32 bounded(__u64 length)
{
	return ((length - 1) & (KEPT_BYTES - 1)) + 1;
}

SEC("xdp") int walk(struct xdp_md *ctx)
{
	__u32 flow = (walks + place) & last, zero = 0;
	__u64 now = (long)ctx->data_end - (long)ctx->data;

	at = turn;
	if (batch > 1 && left) {
		__u32 before = left - 1;
		struct away *away = bpf_map_lookup_elem(&between, &before);
		if (!away || bpf_xdp_load_bytes(ctx, 0, away->bytes, bounded(now)))
			return XDP_ABORTED;
		away->length = now;
	}
	if (turn == 0) {
		struct frame *frame = bpf_map_lookup_elem(&frames, &zero);
		if (now != length && bpf_xdp_adjust_head(ctx, (int)(now - length)))
			return XDP_ABORTED;
		if (!frame || length > FRAME_BYTES || bpf_xdp_store_bytes(ctx, 0, frame->bytes, length))
			return XDP_ABORTED;
		void *to = (void *)(long)ctx->data;
		void *end = (void *)(long)ctx->data_end;
		__u32 *address = to + (vary_address & (FRAME_BYTES - 1));
		__u16 *port = to + (vary_port & (FRAME_BYTES - 1));
		if ((void *)(address + 1) > end || (void *)(port + 1) > end)
			return XDP_ABORTED;
		*address = bpf_htonl(bpf_ntohl(*address) + flow);
		*port = bpf_htons(bpf_ntohs(*port) + (flow & 0x3fff));
	} else if (batch > 1) {
		__u32 here = place;
		struct away *away = bpf_map_lookup_elem(&between, &here);
		if (!away)
			return XDP_ABORTED;
		__u64 bytes = away->length;
		if (now != bytes && bpf_xdp_adjust_head(ctx, (int)(now - bytes)))
			return XDP_ABORTED;
		if (bpf_xdp_store_bytes(ctx, 0, away->bytes, bounded(bytes)))
			return XDP_ABORTED;
	}
	if (turn == keep_before) {
		__u32 number = (walks + place) & last_kept;
		struct kept *one = bpf_map_lookup_elem(&kept, &number);
		if (!one || (long)ctx->data_end - (long)ctx->data != kept_length ||
		    bpf_xdp_load_bytes(ctx, 0, one->bytes, kept_length))
			wrong++;
	}
	left = turn + 1 == turns ? 0 : place + 1;
	if (++place == batch) {
		place = 0;
		if (++turn == turns) {
			turn = 0;
			walks += batch;
		}
	}
	bpf_tail_call(ctx, &nodes, at);
	return XDP_ABORTED;
}

/* What the walk's own cost is measured with. */
SEC("xdp") int bare(struct xdp_md *ctx)
{
	__u32 head = heads[at & (MOST_TURNS - 1)];

	return head && bpf_xdp_adjust_head(ctx, -(int)head) ? XDP_ABORTED : XDP_TX;
}

char _license[] SEC("license") = "Dual MIT/GPL";
