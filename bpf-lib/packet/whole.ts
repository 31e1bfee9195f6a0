/**
 * Whether a packet holds what its headers say: nothing is decided or changed by bytes that are not the packet's, and nothing
 * is sent on that its receiver could read otherwise (RFC 1812 section 5.2.2). Checksums are the receiver's to verify: they
 * follow by differences, so that a wrong one stays wrong.
 */
import { EtherType, Protocol, type u8, type u32 } from "zeta/bpf";
import { isFragment, isPiece } from "./fragments.ts";
import { datagramEnd, type Parts, tcpOf, udpOf } from "./open.ts";

const TCP = 20;
const UDP = 8;
const ICMP = 8;

/** What `open` has stopped at, having passed over as many extension headers as it does (RFC 8504 section 5.3). */
const isExtension = (protocol: u8): boolean =>
  protocol === Protocol.HopByHop ||
  protocol === Protocol.Routing ||
  protocol === Protocol.Fragment ||
  protocol === Protocol.DestinationOptions;

/** Whether the header of the transport protocol is there, and says nothing that cannot be. */
const hasTransport = (parts: Parts, end: u32): boolean => {
  const { protocol, transportAt } = parts;
  const room: u32 = end - transportAt;
  const pieces = isFragment(parts) && isPiece(parts);
  if (protocol === Protocol.Tcp) {
    const words: u32 = tcpOf(parts)?.control.words ?? 0;
    return words >= TCP / 4 && room >= (pieces ? TCP : words * 4);
  }
  if (protocol === Protocol.Udp) {
    const length: u32 = udpOf(parts)?.length ?? 0;
    return length >= UDP && room >= (pieces ? UDP : length);
  }
  if (protocol === (parts.type === EtherType.Ipv4 ? Protocol.Icmp : Protocol.Icmpv6)) return room >= ICMP;
  return parts.type === EtherType.Ipv4 || !isExtension(protocol);
};

/** Fragments are asked for what each of them must hold. */
export const isWhole = (parts: Parts): boolean => {
  const end = datagramEnd(parts);
  if (end > parts.frame.length || parts.transportAt > end) return false;
  return parts.later || hasTransport(parts, end);
};
