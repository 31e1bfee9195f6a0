/*
 * The rival of bench/programs/established.ts: a balancer's established flows and no more. What most packets are, whole
 * datagrams of TCP and UDP without options or extension headers, goes by what an LRU table knows of its flow.
 */
#include "flow.h"

/* False for all other packets; sets what `apply` looks at. */
static __always_inline bool open_plain(struct xdp_md *ctx, struct parts *p)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = data;
	void *network = ethernet + 1, *transport;
	/* Of the transport's bytes, as the header says it. */
	__u32 room;

	p->data = data;
	p->end = end;
	p->ip4 = NULL, p->ip6 = NULL, p->tcp = NULL, p->udp = NULL, p->icmp = NULL;
	if (network > end)
		return false;
	if (ethernet->type == ETH_IPV4) {
		struct ipv4 *ip = network;
		if ((void *)(ip + 1) > end || ip->start != 0x45 || (ip->fragment & bpf_htons(0x3fff)))
			return false;
		p->ip4 = ip;
		p->protocol = ip->protocol;
		p->source.halves[0] = 0, p->destination.halves[0] = 0;
		p->source.words[2] = bpf_htonl(0xffff), p->destination.words[2] = bpf_htonl(0xffff);
		p->source.words[3] = ip->source, p->destination.words[3] = ip->destination;
		transport = ip + 1;
		room = bpf_ntohs(ip->total_length) - sizeof(*ip);
	} else if (ethernet->type == ETH_IPV6) {
		struct ipv6 *ip = network;
		if ((void *)(ip + 1) > end || ip->start >> 4 != 6)
			return false;
		p->ip6 = ip;
		p->protocol = ip->next_header;
		__builtin_memcpy(&p->source, ip->source, 16);
		__builtin_memcpy(&p->destination, ip->destination, 16);
		transport = ip + 1;
		room = bpf_ntohs(ip->payload_length);
	} else
		return false;
	/* A datagram shorter than its own header has a negative room. */
	if ((__s32)room < 0 || room > (__u32)(end - transport))
		return false;
	if (p->protocol == TCP) {
		struct tcp *tcp = transport;
		if ((void *)(tcp + 1) > end || room < sizeof(*tcp))
			return false;
		p->tcp = tcp;
		p->source_port = bpf_ntohs(tcp->source), p->destination_port = bpf_ntohs(tcp->destination);
	} else if (p->protocol == UDP) {
		struct udp *udp = transport;
		if ((void *)(udp + 1) > end || room < sizeof(*udp))
			return false;
		p->udp = udp;
		p->source_port = bpf_ntohs(udp->source), p->destination_port = bpf_ntohs(udp->destination);
	} else
		return false;
	return true;
}

SEC("xdp") int established(struct xdp_md *ctx)
{
	struct parts p;

	if (!open_plain(ctx, &p))
		return XDP_PASS;
	struct flow_key key = {
		.source = p.source,
		.destination = p.destination,
		.source_port = p.source_port,
		.destination_port = p.destination_port,
		.network = p.protocol,
	};
	struct flow_entry *entry = bpf_map_lookup_elem(&flows, &key);
	return entry ? apply(ctx, &p, entry) : XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
