/** Changing how long a packet is behind the beginning of its transport header: the frame, and what the IP header says of it. */
import { EtherType, i32, swapBytes, u32 as toU32, u16, type u32 } from "zeta/bpf";
import { network, type Parts } from "./open.ts";
import { changed, updated } from "./sums.ts";
import { ipv4Words, ipv6Words } from "./words.ts";

const IPV6 = 40;
/** Of IPv6's second word in memory order: next header and hop limit. */
const NOT_LENGTH = 0xffff_0000;

/** Views of the packet are to be taken anew. False when the frame has no room: the packet is then as it was. */
export const resize = (parts: Parts, bytes: u32): boolean => {
  const end = parts.transportAt + bytes;
  if (parts.frame.length !== end && !parts.frame.adjustTail(i32(toU32(end - parts.frame.length)))) return false;
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 !== null) {
    const { totalLength } = ip4;
    ip4.totalLength = swapBytes.u16(u16(end - parts.networkAt));
    ip4.checksum = updated(ip4.checksum, changed(totalLength, ip4.totalLength));
    return true;
  }
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  if (ip6 === null) return false;
  ip6.lengthAndLimit = (ip6.lengthAndLimit & NOT_LENGTH) | swapBytes.u16(u16(end - parts.networkAt - IPV6));
  return true;
};
