/* The rival of programs/parse-count.ts: packets and bytes by IP protocol. */
#include "packet.h"

struct total { __u64 packets, bytes; };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 257);
	__type(key, __u32);
	__type(value, struct total);
} totals SEC(".maps");

#define MALFORMED 256

/* The protocol of a packet whose headers are whole. */
static __always_inline __u32 kind_of(void *data, void *end)
{
	struct ethernet *ethernet = data;
	void *network = ethernet + 1, *transport;
	__u8 protocol;

	if (network > end)
		return MALFORMED;
	__u16 type = ethernet->type;
	if (is_tag(type)) {
		struct vlan *tag = network;
		if ((void *)(tag + 1) > end)
			return MALFORMED;
		type = tag->type;
		network = tag + 1;
	}
	if (type == ETH_IPV4) {
		struct ipv4 *ip = network;
		if ((void *)(ip + 1) > end || (ip->start & 15) < 5)
			return MALFORMED;
		protocol = ip->protocol;
		transport = network + (ip->start & 15) * 4;
	} else if (type == ETH_IPV6) {
		struct ipv6 *ip = network;
		if ((void *)(ip + 1) > end)
			return MALFORMED;
		protocol = ip->next_header;
		transport = ip + 1;
	} else
		return MALFORMED;
	if (protocol == TCP && transport + sizeof(struct tcp) > end)
		return MALFORMED;
	if (protocol == UDP && transport + sizeof(struct udp) > end)
		return MALFORMED;
	return protocol;
}

SEC("xdp") int parse_count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 kind = kind_of(data, end);
	struct total *total = bpf_map_lookup_elem(&totals, &kind);

	if (total) {
		total->packets++;
		total->bytes += end - data;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
