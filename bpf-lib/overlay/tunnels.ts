/** The addresses that hosts send tunnel packets to: this node's own in the underlay. */
import { array, EtherType, map, type Of, struct, type u32 as U32, u32 } from "zeta/bpf";
import { network, type Parts } from "../packet/open.ts";
import { ipv4Words, ipv6Words } from "../packet/words.ts";

/** Few, and compared one by one: a node has an address or two in its underlay, and a hash costs ten times as much. */
export const MOST_TUNNEL_ADDRESSES = 4;

/** Addresses as they lie in packets; places that are not used are zero. Six words: the four of an IPv6 address each. */
const addresses = struct({ four: array(u32, 4), six: array(u32, 16) });
export const zeta_node_tunnels = map.array({ value: addresses, max: 1 });

/** Whether a packet that was parsed goes to an address of ours. */
export const isToTunnel = (parts: Parts): boolean => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 !== null) return isTunnel4(ip4.destination);
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  return ip6 !== null && isTunnel6(ip6.destination);
};

/** Whether an IPv4 destination, in memory order, is one of ours. */
export const isTunnel4 = (destination: U32): boolean => {
  const own = zeta_node_tunnels.at(0);
  if (own === null || destination === 0) return false;
  const { four } = own;
  return destination === four[0] || destination === four[1] || destination === four[2] || destination === four[3];
};

/** Whether an IPv6 destination is one of ours. */
export const isTunnel6 = (to: Of<typeof ipv6Words>["destination"]): boolean => {
  const own = zeta_node_tunnels.at(0);
  if (own === null || (to[0] | to[1] | to[2] | to[3]) === 0) return false;
  const { six } = own;
  for (const i of [0, 4, 8, 12] as const) {
    if (to[0] === six[i] && to[1] === six[i + 1] && to[2] === six[i + 2] && to[3] === six[i + 3]) return true;
  }
  return false;
};
