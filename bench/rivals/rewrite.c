/* The rival of programs/rewrite.ts: a new destination for TCP and UDP over IPv4, one hop on, checksums following. */
#include "packet.h"

struct target { __u32 address; __u16 port; __u8 mac[6]; };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct target);
} targets SEC(".maps");

SEC("xdp") int rewrite(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = data;
	struct ipv4 *ip = data + sizeof(*ethernet);
	struct ports *ports;
	__u16 *checksum;

	if ((void *)(ip + 1) > end || ethernet->type != ETH_IPV4)
		return XDP_PASS;
	__u32 words = ip->start & 15;
	if (words < 5 || ip->ttl <= 1 || (ip->fragment & bpf_htons(0x1fff)))
		return XDP_PASS;
	void *transport = (void *)ip + words * 4;
	if (ip->protocol == TCP) {
		struct tcp *tcp = transport;
		if ((void *)(tcp + 1) > end)
			return XDP_PASS;
		checksum = &tcp->checksum;
	} else if (ip->protocol == UDP) {
		struct udp *udp = transport;
		if ((void *)(udp + 1) > end)
			return XDP_PASS;
		checksum = &udp->checksum;
	} else
		return XDP_PASS;
	ports = transport;
	__u32 before = ip->destination;
	struct target *target = bpf_map_lookup_elem(&targets, &before);
	if (!target)
		return XDP_PASS;

	__u64 moved = changed(before, target->address);
	ip->destination = target->address;
	/* One hop less to live: the word of TTL and protocol, with the TTL in its low byte in memory order. */
	__u16 *hops = (void *)&ip->ttl, old = *hops;
	*hops = old - 1;
	ip->checksum = updated(ip->checksum, moved + changed(old, old - 1));
	if (ip->protocol == TCP) {
		*checksum = updated(*checksum, moved + changed(ports->destination, target->port));
	} else if (*checksum) {
		__u16 next = updated(*checksum, moved + changed(ports->destination, target->port));
		*checksum = next ? next : 0xffff;
	}
	ports->destination = target->port;
	__builtin_memcpy(ethernet->source, ethernet->destination, 6);
	__builtin_memcpy(ethernet->destination, target->mac, 6);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual MIT/GPL";
