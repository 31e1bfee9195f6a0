/**
 * Packets that are longer than their next hop takes. The gateway cuts none into fragments: those that may not be cut by the
 * way, as IPv6 and with "don't fragment", are answered with the length that would go through (RFC 1191, RFC 8201), so that
 * their senders learn the path's; the others are dropped, and counted by that name. (Linux and all that does path MTU
 * discovery sets the bit. Cutting costs the receiver memory, and overlays lose all of a packet with any piece.)
 */
import { EtherType, type u32 } from "zeta/bpf";
import { type IcmpError, tooBig } from "../icmp/kinds.ts";
import { network, type Parts } from "../packet/open.ts";
import { ipv4Words } from "../packet/words.ts";

const ETHERNET = 14;
const DO_NOT_FRAGMENT = 0x0040;

/** Whether a frame, or its tags, take more than an untagged IP packet of `mtu` bytes. Padding counts: it would be sent too. */
export const isTooLong = (parts: Parts, mtu: u32): boolean => parts.frame.length - ETHERNET > mtu;

/** Whether nobody on the way may cut the packet: the sender is then to be told. */
export const mayNotBeCut = (parts: Parts): boolean => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  return ip4 === null || (ip4.fragment & DO_NOT_FRAGMENT) !== 0;
};

/** What the sender of a packet that `isTooLong` is told: how long its packets may be, behind the tags that they have. */
export const tellLength = (parts: Parts, mtu: u32): IcmpError => tooBig(mtu - (parts.networkAt - ETHERNET));
