/*
 * What the rivals that remember flows share: each direction in an LRU table, with what its packets become and its next hop;
 * headers are rewritten with checksums that follow, and packets sent on by route.
 */
#pragma once
#include "packet.h"

/* Padding is named: keys compare by all their bytes. */
struct endpoint { union address address; __u16 port, spare[3]; };
struct flow_key { union address source, destination; __u16 source_port, destination_port; __u32 network; };
struct words { __u32 address[4]; __u16 port, spare; __u32 vni; };
struct hop { __u64 until; __u32 interface; __u8 destination[6], source[6]; };
struct flow_entry {
	struct words source, destination, place;
	__u32 change, generation;
	struct hop hop;
	__u64 packets, bytes;
};

#define CHANGE_SOURCE 1
#define CHANGE_DESTINATION 2
#define CHANGE_REPLY 16
#define TRUSTED_TICKS 100
#define TCP_SYN 0x02
#define TCP_ACK 0x10

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072);
	__type(key, struct flow_key);
	__type(value, struct flow_entry);
} flows SEC(".maps");

#define FIRST 0x9e3779b97f4a7c15ull
#define SECOND 0xbf58476d1ce4e5b9ull

static __always_inline __u64 folded(const union address *of)
{
	return __builtin_bswap64(of->halves[1]) ^ __builtin_bswap64(of->halves[0]) * FIRST;
}

static __always_inline __u32 hash_flow(const struct flow_key *key, __u8 protocol)
{
	__u64 ports = (__u64)key->source_port << 32 | (__u64)key->destination_port << 16 | protocol;
	__u64 first = (folded(&key->source) ^ ports) * FIRST;
	__u64 second = (folded(&key->destination) ^ first ^ first >> 32) * SECOND;

	return (second ^ second >> 29) >> 16;
}

/* TCP and UDP begin with their ports. */
static __always_inline __u64 put_ports(struct ports *ports, const struct flow_entry *to)
{
	__u64 change = 0;

	if (to->change & CHANGE_DESTINATION) {
		change = changed(ports->destination, to->destination.port);
		ports->destination = to->destination.port;
	}
	if (to->change & CHANGE_SOURCE) {
		change += changed(ports->source, to->source.port);
		ports->source = to->source.port;
	}
	return change;
}

/* Changes addresses and ports at the ends that the entry names; all checksums follow. The family stays. */
static __always_inline void put_ends(struct parts *p, const struct flow_entry *to)
{
	bool source = to->change & CHANGE_SOURCE, destination = to->change & CHANGE_DESTINATION;
	__u64 change = 0;

	if (p->ip4) {
		if (destination) {
			change = changed(p->ip4->destination, to->destination.address[3]);
			p->ip4->destination = to->destination.address[3];
		}
		if (source) {
			change += changed(p->ip4->source, to->source.address[3]);
			p->ip4->source = to->source.address[3];
		}
		p->ip4->checksum = updated(p->ip4->checksum, change);
	} else if (p->ip6) {
#pragma unroll
		for (int i = 0; destination && i < 4; i++) {
			change += changed(p->ip6->destination[i], to->destination.address[i]);
			p->ip6->destination[i] = to->destination.address[i];
		}
#pragma unroll
		for (int i = 0; source && i < 4; i++) {
			change += changed(p->ip6->source[i], to->source.address[i]);
			p->ip6->source[i] = to->source.address[i];
		}
	}
	if (p->tcp) {
		change += put_ports((void *)p->tcp, to);
		p->tcp->checksum = updated(p->tcp->checksum, change);
	} else if (p->udp) {
		change += put_ports((void *)p->udp, to);
		if (p->udp->checksum) {
			__u16 next = updated(p->udp->checksum, change);
			p->udp->checksum = next ? next : 0xffff;
		}
	} else if (p->icmp)
		p->icmp->checksum = updated(p->icmp->checksum, change);
}

static __always_inline bool ask(struct xdp_md *ctx, const struct parts *p, struct hop *hop, __u64 now)
{
	struct bpf_fib_lookup question = {};

	if (p->ip4) {
		question.family = 2;
		question.ipv4_src = p->ip4->source;
		question.ipv4_dst = p->ip4->destination;
		question.tot_len = bpf_ntohs(p->ip4->total_length);
	} else if (p->ip6) {
		question.family = 10;
		__builtin_memcpy(question.ipv6_src, p->ip6->source, 16);
		__builtin_memcpy(question.ipv6_dst, p->ip6->destination, 16);
		question.tot_len = 40;
	}
	question.l4_protocol = p->protocol;
	question.ifindex = ctx->ingress_ifindex;
	if (bpf_fib_lookup(ctx, &question, sizeof(question), 0) != BPF_FIB_LKUP_RET_SUCCESS)
		return false;
	hop->interface = question.ifindex;
	__builtin_memcpy(hop->destination, question.dmac, 6);
	__builtin_memcpy(hop->source, question.smac, 6);
	hop->until = now + TRUSTED_TICKS;
	return true;
}

static __always_inline bool age(struct parts *p)
{
	if (p->ip4) {
		if (p->ip4->ttl <= 1)
			return false;
		__u16 *hops = (void *)&p->ip4->ttl, old = *hops;
		*hops = old - 1;
		p->ip4->checksum = updated(p->ip4->checksum, changed(old, old - 1));
	} else if (p->ip6) {
		if (p->ip6->hop_limit <= 1)
			return false;
		p->ip6->hop_limit--;
	}
	return true;
}

/* It goes no further: the host tells its sender, who must see what it sent. */
static __always_inline bool expires(const struct parts *p)
{
	return p->ip4 ? p->ip4->ttl <= 1 : p->ip6 && p->ip6->hop_limit <= 1;
}

static __always_inline int apply(struct xdp_md *ctx, struct parts *p, struct flow_entry *entry)
{
	struct ethernet *ethernet = p->data;
	struct hop *hop = &entry->hop;

	entry->packets++;
	entry->bytes += p->end - p->data;
	if (expires(p))
		return XDP_PASS;
	if (entry->change & (CHANGE_SOURCE | CHANGE_DESTINATION))
		put_ends(p, entry);
	__u64 now = bpf_jiffies64();
	if (hop->until - now - 1 >= TRUSTED_TICKS && !ask(ctx, p, hop, now))
		return XDP_PASS;
	if (!age(p))
		return XDP_PASS;
	__builtin_memcpy(ethernet->destination, hop->destination, 6);
	__builtin_memcpy(ethernet->source, hop->source, 6);
	return bpf_redirect(hop->interface, 0);
}

static __always_inline void words_of(struct words *to, const union address *address, __u16 port)
{
	__builtin_memcpy(to->address, address, 16);
	to->port = bpf_htons(port);
}

/* Ends a flow: both of its entries go. */
static __always_inline void forget(const struct flow_key *key, const struct flow_entry *entry)
{
	struct flow_key back = {
		.source_port = bpf_ntohs(entry->destination.port),
		.destination_port = bpf_ntohs(entry->source.port),
		.network = key->network,
	};

	__builtin_memcpy(&back.source, entry->destination.address, 16);
	__builtin_memcpy(&back.destination, entry->source.address, 16);
	bpf_map_delete_elem(&flows, &back);
	bpf_map_delete_elem(&flows, key);
}

/* The first segment of a connection. */
static __always_inline bool opens(const struct parts *p)
{
	return p->tcp && (p->tcp->control & bpf_htons(TCP_SYN | TCP_ACK)) == bpf_htons(TCP_SYN);
}

static __always_inline int is_ipv4(const union address *address)
{
	return address->halves[0] == 0 && address->words[2] == bpf_htonl(0xffff);
}
