/* What the rivals share: headers as words in memory order, parsing once, checksums that follow. */
#pragma once
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_IPV4 bpf_htons(0x0800)
#define ETH_IPV6 bpf_htons(0x86dd)
#define ETH_VLAN bpf_htons(0x8100)
#define ETH_PROVIDER_VLAN bpf_htons(0x88a8)

enum { HOP_BY_HOP = 0, ICMP = 1, TCP = 6, UDP = 17, ROUTING = 43, FRAGMENT = 44, ICMPV6 = 58, DESTINATION = 60 };

struct ethernet { __u8 destination[6], source[6]; __u16 type; };
struct vlan { __u16 control, type; };
struct ipv4 {
	__u8 start, traffic;
	__u16 total_length, identification, fragment;
	__u8 ttl, protocol;
	__u16 checksum;
	__u32 source, destination;
};
struct ipv6 {
	__u8 start, traffic;
	__u16 flow;
	__u16 payload_length;
	__u8 next_header, hop_limit;
	__u32 source[4], destination[4];
};
struct ports { __u16 source, destination; };
struct tcp {
	__u16 source, destination;
	__u32 sequence, acknowledgement;
	__u16 control, window, checksum, urgent;
};
struct udp { __u16 source, destination, length, checksum; };
struct icmp { __u8 type, code; __u16 checksum, identifier, sequence; };

/* An address in the 128-bit form, as it lies in packets; IPv4 is mapped. */
union address { __u32 words[4]; __u64 halves[2]; };

static __always_inline bool is_tag(__u16 type) { return type == ETH_VLAN || type == ETH_PROVIDER_VLAN; }

/* Headers that are whole; null for those that are not there. */
struct parts {
	void *data, *end;
	struct ipv4 *ip4;
	struct ipv6 *ip6;
	struct tcp *tcp;
	struct udp *udp;
	struct icmp *icmp;
	union address source, destination;
	/* Host order; 0 where there are none. */
	__u16 source_port, destination_port;
	__u8 protocol;
	/* Says that it is IP, and cannot be read. */
	bool broken;
};

static __always_inline bool walk_extensions(void **at, void *end, __u8 *protocol, bool *later)
{
	for (int i = 0; i < 8; i++) {
		__u8 *header = *at;
		if (*protocol == FRAGMENT) {
			if ((void *)(header + 8) > end)
				return false;
			*protocol = header[0];
			*later = (*(__u16 *)(header + 2) & bpf_htons(0xfff8)) != 0;
			*at = header + 8;
			if (*later)
				return true;
		} else if (*protocol == HOP_BY_HOP || *protocol == ROUTING || *protocol == DESTINATION) {
			if ((void *)(header + 2) > end)
				return false;
			*protocol = header[0];
			*at = header + header[1] * 8 + 8;
		} else
			return true;
	}
	return true;
}

/* False for all that is not IPv4 or IPv6 with its ports; `broken` then tells whether it says that it is. */
static __always_inline bool parse(struct xdp_md *ctx, struct parts *p)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = data;
	void *network = ethernet + 1, *transport;
	bool later = false;

	p->data = data;
	p->end = end;
	p->ip4 = NULL, p->ip6 = NULL, p->tcp = NULL, p->udp = NULL, p->icmp = NULL;
	p->source_port = 0, p->destination_port = 0;
	p->broken = false;
	if (network > end)
		return false;
	p->broken = true;
	__u16 type = ethernet->type;
	if (is_tag(type)) {
		struct vlan *tag = network;
		if ((void *)(tag + 1) > end)
			return false;
		type = tag->type;
		network = tag + 1;
		if (is_tag(type)) {
			tag = network;
			if ((void *)(tag + 1) > end)
				return false;
			type = tag->type;
			network = tag + 1;
			if (is_tag(type))
				return false;
		}
	}
	p->broken = type == ETH_IPV4 || type == ETH_IPV6;
	if (type == ETH_IPV4) {
		struct ipv4 *ip = network;
		if ((void *)(ip + 1) > end || ip->start >> 4 != 4 || (ip->start & 15) < 5)
			return false;
		p->ip4 = ip;
		p->protocol = ip->protocol;
		later = (ip->fragment & bpf_htons(0x1fff)) != 0;
		p->source.halves[0] = 0, p->destination.halves[0] = 0;
		p->source.words[2] = bpf_htonl(0xffff), p->destination.words[2] = bpf_htonl(0xffff);
		p->source.words[3] = ip->source, p->destination.words[3] = ip->destination;
		transport = network + (ip->start & 15) * 4;
	} else if (type == ETH_IPV6) {
		struct ipv6 *ip = network;
		if ((void *)(ip + 1) > end || ip->start >> 4 != 6)
			return false;
		p->ip6 = ip;
		p->protocol = ip->next_header;
		transport = ip + 1;
		if (!walk_extensions(&transport, end, &p->protocol, &later))
			return false;
		__builtin_memcpy(&p->source, ip->source, 16);
		__builtin_memcpy(&p->destination, ip->destination, 16);
	} else
		return false;
	if (later)
		return true;
	if (p->protocol == TCP || p->protocol == UDP) {
		struct ports *ports = transport;
		if ((void *)(ports + 1) > end)
			return false;
		p->source_port = bpf_ntohs(ports->source);
		p->destination_port = bpf_ntohs(ports->destination);
		if (p->protocol == TCP && transport + sizeof(struct tcp) <= end)
			p->tcp = transport;
		if (p->protocol == UDP && transport + sizeof(struct udp) <= end)
			p->udp = transport;
	} else if (p->protocol == ICMPV6 && transport + sizeof(struct icmp) <= end)
		p->icmp = transport;
	return true;
}

/* RFC 1624, equation 3: what replacing a word adds to a sum, and the checksum after all of them (below 2^36). */
static __always_inline __u64 changed(__u32 before, __u32 after) { return (__u64)(__u32)~before + after; }

static __always_inline __u16 updated(__u16 checksum, __u64 change)
{
	__u64 sum = (__u16)~checksum + change;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}
