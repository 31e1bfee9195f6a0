/**
 * ICMP errors made of the very packets they are about (RFC 792, RFC 4443). The packet becomes the error in place, addressed
 * back to where it came from, behind the VLAN tags it came behind; sending it is the caller's, who knows by which hop.
 *
 * An error quotes as much of the packet as fits: IPv4 errors are at most 576 bytes long (RFC 1812 section 4.3.2.3), IPv6
 * errors at most 1280 (RFC 4443 section 2.4 c).
 */
import {
  type address,
  array,
  EtherType,
  ethernetHeader,
  type Frame,
  IcmpType,
  i32,
  icmpHeader,
  ipv4Header,
  ipv6Header,
  isIpv4,
  local,
  Protocol,
  struct,
  swapBytes,
  toIpv4,
  toIpv6,
  u64 as toU64,
  type u32 as U32,
  u8,
  u16,
  u32,
  type u64,
} from "zeta/bpf";
import { betweenHosts } from "../packet/hosts.ts";
import { datagramEnd, icmpOf, icmpv6Of, type Parts } from "../packet/open.ts";
import { longSumOf } from "../packet/span.ts";
import { updated } from "../packet/sums.ts";
import { icmpWords, ipv4Words, ipv6Words } from "../packet/words.ts";
import type { IcmpError } from "./kinds.ts";
import { mayTell } from "./limit.ts";

const IPV4 = 20;
const IPV6 = 40;
const ICMP = 8;
const LONGEST4 = 576;
const LONGEST6 = 1280;
/** RFC 791: every path takes this. */
const LEAST_MTU4 = 68;
const TTL = 64;
/** Internetwork control (RFC 1812 section 4.3.2.5). */
const DSCP = 48;
/** The first of ICMPv6's informational types; RFC 4443 section 2.4 e lets a redirect go unanswered too. */
const INFORMATIONAL6 = 128;
const REDIRECT6 = 137;
/** An Ethernet header and two tags. A whole IP header follows, so that every frame here is as long. */
const link = struct({ words: array(u16, 11) });
/** Changes no offset: network headers stand at 14, 18 or 22. */
const NETWORK_AT = 31;

/** Whether the packet is an ICMP message that nothing is to be said of: an error, or what may be one. */
const isError = (parts: Parts): boolean => {
  if (parts.type === EtherType.Ipv4) {
    const message = icmpOf(parts);
    return parts.protocol === Protocol.Icmp && (message === null || message.type !== IcmpType.Echo);
  }
  const message = icmpv6Of(parts);
  if (parts.protocol !== Protocol.Icmpv6) return false;
  return message === null || message.type < INFORMATIONAL6 || message.type === REDIRECT6;
};

/** Whether its sender may be told of an error at all (RFC 1122 section 3.2.2, RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 e). */
export const mayBeTold = (parts: Parts): boolean => betweenHosts(parts) && !isError(parts);

/** Bytes of the packet that the error quotes; 0 when its IP header is not whole. */
const quotable = (parts: Parts, room: U32, longest: U32): U32 => {
  const said = datagramEnd(parts);
  const end: U32 = said < parts.frame.length ? said : parts.frame.length;
  if (end < parts.networkAt + room - ICMP) return 0;
  const all: U32 = end - parts.networkAt;
  return all < longest - room ? all : longest - room;
};

const put4 = (frame: Frame, at: U32, length: U32, from: address, to: address): u64 => {
  const ip = frame.cursor(at).peek(ipv4Header);
  const words = frame.cursor(at).peek(ipv4Words);
  if (ip === null || words === null) return 0n;
  ip.start = { version: 4, words: 5 };
  ip.traffic = { dscp: DSCP, ecn: 0 };
  ip.totalLength = u16(length);
  // Never in fragments, and so without an identification (RFC 6864 section 4.1).
  ip.identification = 0;
  ip.fragment = { reserved: 0, dontFragment: 1, moreFragments: 0, offset: 0 };
  ip.ttl = TTL;
  ip.protocol = Protocol.Icmp;
  ip.source = toIpv4(from);
  ip.destination = toIpv4(to);
  const sum: u64 =
    toU64(words.start) +
    toU64(words.totalLength) +
    toU64(words.fragment) +
    toU64(words.ttlAndProtocol) +
    toU64(words.source) +
    toU64(words.destination);
  words.checksum = updated(0xffff, sum);
  return 0n;
};

/** Gives the sum of the pseudo-header, which ICMPv6's checksum includes. */
const put6 = (frame: Frame, at: U32, length: U32, from: address, to: address): u64 => {
  const ip = frame.cursor(at).peek(ipv6Header);
  const words = frame.cursor(at).peek(ipv6Words);
  if (ip === null || words === null) return 0n;
  ip.start = { version: 6, dscp: DSCP, ecn: 0, flowLabel: 0 };
  ip.payloadLength = u16(length - IPV6);
  ip.nextHeader = Protocol.Icmpv6;
  ip.hopLimit = TTL;
  ip.source = toIpv6(from);
  ip.destination = toIpv6(to);
  let sum: u64 = toU64(swapBytes.u16(u16(length - IPV6))) + toU64(Protocol.Icmpv6 << 8);
  for (const i of [0, 1, 2, 3] as const) sum += toU64(words.source[i]) + toU64(words.destination[i]);
  return sum;
};

/** Makes room before the packet's `quoted` bytes, and puts its link layer there, turned round. */
const turn = (parts: Parts, at: U32, quoted: U32, room: U32): boolean => {
  const { frame, ethernet } = parts;
  const { source, destination } = ethernet;
  const kept = local(link);
  const end: U32 = at + quoted;
  if (!frame.read(0, kept)) return false;
  if (frame.length > end && !frame.adjustTail(i32(u32(end - frame.length)))) return false;
  if (!frame.adjustHead(-i32(room)) || !frame.write(0, kept)) return false;
  const back = frame.cursor().peek(ethernetHeader);
  if (back === null) return false;
  back.source = destination;
  back.destination = source;
  return true;
};

/**
 * Makes the packet the error about itself, from the gateway's own address `from`; from the address that the packet went to,
 * when `from` is of the other family or zero. False when that cannot be: the packet is then to be dropped. It asks neither
 * whether the sender may be told nor how often: see `complain`. All views and cursors from before are dead.
 */
export const makeError = (parts: Parts, error: IcmpError, from: address): boolean => {
  const { frame, source, destination } = parts;
  const four = parts.type === EtherType.Ipv4;
  const at: U32 = parts.networkAt & NETWORK_AT;
  const header: U32 = four ? IPV4 : IPV6;
  const room: U32 = header + ICMP;
  const quoted = quotable(parts, room, four ? LONGEST4 : LONGEST6);
  const own: address = from !== 0n && isIpv4(from) === four ? from : destination;
  if (quoted === 0 || !turn(parts, at, quoted, room)) return false;
  const length: U32 = room + quoted;
  const pseudo = four ? put4(frame, at, length, own, source) : put6(frame, at, length, own, source);
  const icmp = frame.cursor(at + header).peek(icmpHeader);
  if (icmp === null) return false;
  const least: U32 = four ? LEAST_MTU4 : LONGEST6;
  const mtu: U32 = error.mtu === 0 || error.mtu >= least ? error.mtu : least;
  icmp.type = u8(four ? error.type4 : error.type6);
  icmp.code = u8(four ? error.code4 : error.code6);
  icmp.checksum = 0;
  icmp.identifier = u16(mtu >> 16);
  icmp.sequence = u16(mtu);
  const sum: u64 = pseudo + longSumOf(frame, at + header, ICMP + quoted);
  const words = frame.cursor(at + header).peek(icmpWords);
  if (words === null) return false;
  words.checksum = updated(0xffff, sum);
  return true;
};

/**
 * Tells the packet's sender of an error: true when the packet has become the error, which is now to be sent back; false when
 * nobody may be told, or enough was told in this network (a VNI, or 0) already, and the packet is to be dropped.
 */
export const complain = (parts: Parts, error: IcmpError, from: address, network: U32): boolean =>
  mayBeTold(parts) && mayTell(network) && makeError(parts, error, from);
