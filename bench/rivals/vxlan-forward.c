/* The rival of programs/vxlan-forward.ts, for VXLAN over IPv4: out of the tunnel, parsed, looked up, aged, and into the next. */
#include "packet.h"

struct vxlan { __u32 flags, network; };
struct key { union address address; __u32 vni, spare; };
struct endpoint { __u32 hop; };
struct hop { __u32 interface; __u16 mtu; __u8 family; __u16 sum; __u64 outer[11]; };
struct addresses { __u32 four[4], six[16]; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct addresses);
} zeta_node_tunnels SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, struct endpoint);
} endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct hop);
} hops SEC(".maps");

#define OVERHEAD 50
/* What the outer headers and the addresses of the frame inside take. */
#define COPIED 62

static __always_inline __u16 folded(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* SplitMix64's multipliers, as in bpf-lib/flow/hash.ts. */
#define FIRST 0x9e3779b97f4a7c15ull
#define SECOND 0xbf58476d1ce4e5b9ull

static __always_inline __u64 mixed(const union address *of)
{
	return bpf_be64_to_cpu(of->halves[1]) ^ bpf_be64_to_cpu(of->halves[0]) * FIRST;
}

static __always_inline __u32 hash_of(const struct parts *p)
{
	__u64 ports = (__u64)p->source_port << 32 | (__u64)p->destination_port << 16 | p->protocol;
	__u64 first = (mixed(&p->source) ^ ports) * FIRST;
	__u64 second = (mixed(&p->destination) ^ first ^ first >> 32) * SECOND;

	return (second ^ second >> 29) >> 16;
}

static __always_inline __u8 folded_ecn(__u8 inner, __u8 outer) { return outer == 3 ? 3 : inner == 2 ? 1 : inner; }

/* RFC 6040: folds an outer ECN field of ECT(1) or CE into the packet inside; false when that is to be dropped. */
static __always_inline bool leave_tunnel(void *at, void *end, __u8 outer)
{
	struct ethernet *ethernet = at;
	void *network = ethernet + 1;

	if (network > end)
		return true;
	__u16 type = ethernet->type;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct vlan *tag = network;
		if (!is_tag(type))
			break;
		if ((void *)(tag + 1) > end)
			return true;
		type = tag->type;
		network = tag + 1;
	}
	if (type == ETH_IPV4) {
		struct ipv4 *ip = network;
		if ((void *)(ip + 1) > end)
			return true;
		if (outer == 3 && !(ip->traffic & 3))
			return false;
		__u16 *word = (void *)ip, old = *word;
		ip->traffic = (ip->traffic & ~3) | folded_ecn(ip->traffic & 3, outer);
		ip->checksum = updated(ip->checksum, changed(old, *word));
	} else if (type == ETH_IPV6) {
		struct ipv6 *ip = network;
		if ((void *)(ip + 1) > end)
			return true;
		if (outer == 3 && !(ip->traffic & 0x30))
			return false;
		ip->traffic = (ip->traffic & ~0x30) | folded_ecn(ip->traffic >> 4 & 3, outer) << 4;
	}
	return true;
}

/* The bytes to cut; 0 for what is not ours, negative for what is to be dropped. */
static __always_inline int tunnel_of(struct xdp_md *ctx, __u32 *vni)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = data;
	void *network = ethernet + 1;
	__u32 zero = 0;

	if (network > end)
		return 0;
	__u16 type = ethernet->type;
	if (is_tag(type)) {
		struct vlan *tag = network;
		if ((void *)(tag + 1) > end)
			return 0;
		type = tag->type;
		network = tag + 1;
	}
	struct ipv4 *ip = network;
	struct udp *udp = (void *)(ip + 1);
	struct vxlan *vxlan = (void *)(udp + 1);
	if (type != ETH_IPV4 || (void *)(udp + 1) > end || ip->protocol != UDP || ip->start >> 4 != 4 || ip->start < 0x45)
		return 0;
	struct addresses *own = bpf_map_lookup_elem(&zeta_node_tunnels, &zero);
	__u32 to = ip->destination;
	if (!own || !to || (to != own->four[0] && to != own->four[1] && to != own->four[2] && to != own->four[3]))
		return 0;
	if (ip->start != 0x45) {
		struct udp *behind = network + (ip->start & 15) * 4;
		if ((void *)(behind + 1) > end || ip->fragment & bpf_htons(0x1fff))
			return 0;
		return behind->destination == bpf_htons(4789) || behind->destination == bpf_htons(6081) ? -1 : 0;
	}
	if (ip->fragment & bpf_htons(0x1fff) || udp->destination != bpf_htons(4789))
		return 0;
	if (ip->fragment & bpf_htons(0x2000))
		return -1;
	__u16 *words = (void *)ip;
	__u64 sum = 0;
#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += words[i];
	if (folded(sum) != 0xffff)
		return -1;
	__u32 length = bpf_ntohs(udp->length), total = bpf_ntohs(ip->total_length);
	void *tail = (void *)udp + length;
	/* The compiler would see that lengths make the checks of headers needless, which the verifier does not. */
	__u32 hidden = total;
	asm volatile("" : "+r"(hidden));
	if (length + 20 > total || (void *)ip + hidden > end || length < 8 + 8 + 14 || (void *)(vxlan + 1) > end)
		return -1;
	if (!(vxlan->flags & bpf_htonl(0x08000000)))
		return -1;
	if (ip->traffic & 1 && !leave_tunnel(vxlan + 1, end, ip->traffic & 3))
		return -1;
	*vni = bpf_ntohl(vxlan->network) >> 8;
	int cut = (void *)(vxlan + 1) - data;
	int trailer = end - tail;
	if (trailer > 0 && bpf_xdp_adjust_tail(ctx, -trailer))
		return -1;
	return cut;
}

static __always_inline bool encapsulate(struct xdp_md *ctx, struct hop *hop, __u32 hash, __u8 traffic)
{
	if (bpf_xdp_adjust_head(ctx, -OVERHEAD))
		return false;
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ipv4 *ip = data + sizeof(struct ethernet);
	struct udp *udp = (void *)(ip + 1);
	if (data + COPIED + 2 > end)
		return false;
	__u32 length = end - data;
	__builtin_memcpy(data, hop->outer, COPIED);
	ip->traffic = traffic;
	ip->total_length = bpf_htons(length - 14);
	ip->checksum = ~folded((__u64)hop->sum + ip->total_length + (traffic << 8));
	udp->source = (hash & 0xff3f) | 0xc0;
	udp->length = bpf_htons(length - 34);
	return true;
}

SEC("xdp") int forward(struct xdp_md *ctx)
{
	struct parts parts;
	__u32 vni = 0;
	int cut = tunnel_of(ctx, &vni);

	if (cut == 0)
		return XDP_PASS;
	if (cut < 0 || bpf_xdp_adjust_head(ctx, cut))
		return XDP_DROP;
	if (!parse(ctx, &parts))
		return XDP_DROP;
	struct key key = { .address = parts.destination, .vni = vni };
	struct endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &key);
	if (!endpoint)
		return XDP_DROP;
	__u32 at = endpoint->hop;
	struct hop *hop = bpf_map_lookup_elem(&hops, &at);
	if (!hop || (__u32)(parts.end - parts.data) - 14 > hop->mtu)
		return XDP_DROP;
	__u8 traffic = 0;
	if (parts.ip4) {
		struct ipv4 *ip = parts.ip4;
		if (ip->ttl <= 1)
			return XDP_DROP;
		__u16 *hops_left = (void *)&ip->ttl, old = *hops_left;
		*hops_left = old - 1;
		ip->checksum = updated(ip->checksum, changed(old, old - 1));
		traffic = ip->traffic;
	} else if (parts.ip6) {
		if (parts.ip6->hop_limit <= 1)
			return XDP_DROP;
		parts.ip6->hop_limit--;
		traffic = (parts.ip6->start << 4) | (parts.ip6->traffic >> 4);
	}
	return encapsulate(ctx, hop, hash_of(&parts), traffic) ? XDP_TX : XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
