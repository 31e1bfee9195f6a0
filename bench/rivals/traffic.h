/* What a node adds up of a service, whatever it does: its packets and their bytes, before its filters see them. */
#pragma once
#include "packet.h"

struct traffic { __u64 packets, bytes, opened; };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct traffic);
} zeta_node_traffic SEC(".maps");

static __always_inline void count_traffic(const struct parts *p)
{
	__u32 service = 1;
	struct traffic *share = bpf_map_lookup_elem(&zeta_node_traffic, &service);

	if (share) {
		share->packets++;
		share->bytes += p->end - p->data;
	}
}
