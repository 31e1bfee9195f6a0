/*
 * The yardstick: an L4 balancer with the maps and the steps of Katran, so that our rows compare across machines with figures
 * measured against it. Two look-ups of the virtual address, a per-CPU LRU table of flows with 40-byte keys, a ring by
 * consistent hashing, IP-in-IP to the real server, counters by address, server and table. Packets with IP options and
 * fragments are dropped, as there.
 */
#include "packet.h"

#define RING_SIZE 65537
#define MAX_VIPS 512
#define MAX_REALS 4096
#define MAX_CPUS 64
#define IPIP 4
#define IPV6_IN_IPV6 41
#define OUTER_PREFIX 0x10ac /* 172.16, as it lies in memory */
#define TCP_SYN 0x02
#define UDP_LIFE 30000000000ull
/* New connections of a CPU in a second, beyond which none is remembered. */
#define FLOOD 125000000
#define SECOND 1000000000ull

/* Padding is named: keys compare by all their bytes. */
struct vip { union address address; __u16 port; __u8 protocol, spare[5]; };
struct vip_meta { __u32 flags, number; };
struct flow { union address source, destination; struct ports ports; __u8 protocol, spare[3]; };
struct target { __u32 real, spare; __u64 at; };
struct real { union address address; __u8 flags, spare[7]; };
struct count { __u64 first, second; };
struct control { __u8 mac[6], spare[2]; };

#define REAL_IPV6 1
#define LRU_COUNTS (MAX_VIPS + 0)
#define MISS_COUNTS (MAX_VIPS + 1)
#define RATE_COUNTS (MAX_VIPS + 2)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_VIPS);
	__type(key, struct vip);
	__type(value, struct vip_meta);
} vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_CPUS);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_LRU_HASH);
		__uint(max_entries, 1000);
		__uint(key_size, sizeof(struct flow));
		__uint(value_size, sizeof(struct target));
	});
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RING_SIZE * 2);
	__type(key, __u32);
	__type(value, __u32);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_REALS);
	__type(key, __u32);
	__type(value, struct real);
} reals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_VIPS + 3);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_REALS);
	__type(key, __u32);
	__type(value, struct count);
} real_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} control SEC(".maps");

struct parsed {
	struct flow flow;
	__u16 length;
	bool ipv6, syn;
	__u8 traffic;
};

/* An action, or -1 when it may be for a virtual address. */
static __always_inline int read_packet(void *data, void *end, struct parsed *p)
{
	struct ethernet *ethernet = data;
	void *transport;

	if ((void *)(ethernet + 1) > end)
		return XDP_DROP;
	if (ethernet->type == ETH_IPV4) {
		struct ipv4 *ip = (void *)(ethernet + 1);
		if ((void *)(ip + 1) > end || ip->start != 0x45)
			return XDP_DROP;
		if (ip->fragment & bpf_htons(0x3fff))
			return XDP_DROP;
		p->ipv6 = false;
		p->traffic = ip->traffic;
		p->length = bpf_ntohs(ip->total_length);
		p->flow.protocol = ip->protocol;
		p->flow.source.words[0] = ip->source;
		p->flow.destination.words[0] = ip->destination;
		transport = ip + 1;
	} else if (ethernet->type == ETH_IPV6) {
		struct ipv6 *ip = (void *)(ethernet + 1);
		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		if (ip->next_header == 44)
			return XDP_DROP;
		p->ipv6 = true;
		p->traffic = ip->start << 4 | ip->traffic >> 4;
		p->length = bpf_ntohs(ip->payload_length) + sizeof(*ip);
		p->flow.protocol = ip->next_header;
		__builtin_memcpy(&p->flow.source, ip->source, 16);
		__builtin_memcpy(&p->flow.destination, ip->destination, 16);
		transport = ip + 1;
	} else
		return XDP_PASS;
	if (p->flow.protocol == TCP) {
		if (transport + 20 > end)
			return XDP_DROP;
		p->syn = ((__u8 *)transport)[13] & TCP_SYN;
	} else if (p->flow.protocol == UDP) {
		if (transport + 8 > end)
			return XDP_DROP;
	} else
		return XDP_PASS;
	p->flow.ports = *(struct ports *)transport;
	return -1;
}

static __always_inline struct vip_meta *vip_of(const struct flow *flow)
{
	struct vip key = { .address = flow->destination, .port = flow->ports.destination, .protocol = flow->protocol };
	struct vip_meta *meta = bpf_map_lookup_elem(&vips, &key);

	if (meta)
		return meta;
	key.port = 0;
	return bpf_map_lookup_elem(&vips, &key);
}

static __always_inline struct count *counted(void *map, __u32 at)
{
	return bpf_map_lookup_elem(map, &at);
}

#define FIRST 0x9e3779b97f4a7c15ull
#define SECOND_FACTOR 0xbf58476d1ce4e5b9ull

static __always_inline __u32 hash_of(const struct flow *flow)
{
	__u64 ports = (__u64)flow->ports.source << 16 | flow->ports.destination;
	__u64 hash = (flow->source.halves[0] ^ ports) * FIRST;

	hash = (hash ^ hash >> 32 ^ flow->source.halves[1]) * SECOND_FACTOR;
	return (hash ^ hash >> 29) >> 16;
}

/* Whether so many connections are new on this CPU that none should be remembered. */
static __always_inline bool flooded(__u64 *now)
{
	struct count *rate = counted(&counts, RATE_COUNTS);

	*now = bpf_ktime_get_ns();
	if (!rate)
		return true;
	if (*now - rate->second > SECOND) {
		rate->first = 1;
		rate->second = *now;
		return false;
	}
	return ++rate->first > FLOOD;
}

static __always_inline struct real *remembered(void *table, const struct parsed *p, __u32 *at)
{
	struct target *target = bpf_map_lookup_elem(table, &p->flow);

	if (!target)
		return NULL;
	if (p->flow.protocol == UDP) {
		__u64 now = bpf_ktime_get_ns();
		if (now - target->at > UDP_LIFE)
			return NULL;
		target->at = now;
	}
	*at = target->real;
	return bpf_map_lookup_elem(&reals, at);
}

static __always_inline struct real *chosen(void *table, const struct parsed *p, const struct vip_meta *vip, __u32 *at)
{
	__u32 place = vip->number * RING_SIZE + hash_of(&p->flow) % RING_SIZE;
	__u32 *number = bpf_map_lookup_elem(&rings, &place);
	__u64 now;

	if (!number)
		return NULL;
	*at = *number;
	struct real *real = bpf_map_lookup_elem(&reals, at);
	if (real && !flooded(&now)) {
		struct target target = { .real = *at, .at = p->flow.protocol == UDP ? now : 0 };
		bpf_map_update_elem(table, &p->flow, &target, BPF_ANY);
	}
	return real;
}

static __always_inline __u16 header_checksum(const struct ipv4 *ip)
{
	const __u16 *words = (const void *)ip;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

static __always_inline int wrap4(struct xdp_md *ctx, const struct parsed *p, const struct real *real, const __u8 *mac)
{
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(struct ipv4)))
		return XDP_DROP;
	void *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = (void *)(long)ctx->data;
	struct ethernet *old = (void *)ethernet + sizeof(struct ipv4);
	struct ipv4 *ip = (void *)(ethernet + 1);
	if ((void *)(old + 1) > end || (void *)(ip + 1) > end)
		return XDP_DROP;
	__builtin_memcpy(ethernet->source, old->destination, 6);
	__builtin_memcpy(ethernet->destination, mac, 6);
	ethernet->type = ETH_IPV4;
	__u32 spread = p->flow.ports.source ^ p->flow.source.words[0];
	*ip = (struct ipv4){
		.start = 0x45,
		.traffic = p->traffic,
		.total_length = bpf_htons(p->length + sizeof(*ip)),
		.ttl = 64,
		.protocol = IPIP,
		.source = ((spread ^ spread << 16) & 0xffff0000) | OUTER_PREFIX,
		.destination = real->address.words[0],
	};
	ip->checksum = header_checksum(ip);
	return XDP_TX;
}

static __always_inline int wrap6(struct xdp_md *ctx, const struct parsed *p, const struct real *real, const __u8 *mac)
{
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(struct ipv6)))
		return XDP_DROP;
	void *end = (void *)(long)ctx->data_end;
	struct ethernet *ethernet = (void *)(long)ctx->data;
	struct ethernet *old = (void *)ethernet + sizeof(struct ipv6);
	struct ipv6 *ip = (void *)(ethernet + 1);
	if ((void *)(old + 1) > end || (void *)(ip + 1) > end)
		return XDP_DROP;
	__builtin_memcpy(ethernet->source, old->destination, 6);
	__builtin_memcpy(ethernet->destination, mac, 6);
	ethernet->type = ETH_IPV6;
	ip->start = 0x60 | p->traffic >> 4;
	ip->traffic = p->traffic << 4;
	ip->flow = 0;
	ip->payload_length = bpf_htons(p->length);
	ip->next_header = p->ipv6 ? IPV6_IN_IPV6 : IPIP;
	ip->hop_limit = 64;
	ip->source[0] = bpf_htonl(0x01000000);
	ip->source[1] = 0;
	ip->source[2] = 0;
	ip->source[3] = p->flow.source.words[3] ^ p->flow.ports.source;
	__builtin_memcpy(ip->destination, &real->address, 16);
	return XDP_TX;
}

SEC("xdp") int yardstick(struct xdp_md *ctx)
{
	struct parsed p = {};
	__u32 zero = 0, at = 0, cpu = bpf_get_smp_processor_id();
	int action = read_packet((void *)(long)ctx->data, (void *)(long)ctx->data_end, &p);

	if (action >= 0)
		return action;
	struct vip_meta *vip = vip_of(&p.flow);
	if (!vip)
		return XDP_PASS;
	void *table = bpf_map_lookup_elem(&flows, &cpu);
	struct count *lru = counted(&counts, LRU_COUNTS);
	if (!table || !lru)
		return XDP_DROP;
	lru->first++;
	struct real *real = p.syn ? NULL : remembered(table, &p, &at);
	if (!real) {
		struct count *misses = counted(&counts, MISS_COUNTS);
		if (!misses)
			return XDP_DROP;
		if (p.syn)
			misses->first++;
		else
			misses->second++;
		lru->second++;
		real = chosen(table, &p, vip, &at);
		if (!real)
			return XDP_DROP;
	}
	struct control *gateway = bpf_map_lookup_elem(&control, &zero);
	struct count *of_vip = counted(&counts, vip->number), *of_real = counted(&real_counts, at);
	if (!gateway || !of_vip || !of_real)
		return XDP_DROP;
	of_vip->first++;
	of_vip->second += p.length;
	of_real->first++;
	of_real->second += p.length;
	return real->flags & REAL_IPV6 ? wrap6(ctx, &p, real, gateway->mac) : wrap4(ctx, &p, real, gateway->mac);
}

char _license[] SEC("license") = "Dual MIT/GPL";
