/**
 * Refusing anything but TCP: ICMP "administratively prohibited" (RFC 1812 section 5.2.7.1, RFC 4443 section 3.1), quoting
 * the network header and eight bytes of what follows. Errors are not answered with errors (RFC 1122 section 3.2.2), nor
 * are packets behind VLAN tags or with more headers than are quoted here: those are dropped.
 */
import {
  Action,
  EtherType,
  ethernetHeader,
  type Frame,
  IcmpType,
  i32,
  icmpHeader,
  ipv4Header,
  ipv6Header,
  type mac,
  Protocol,
  struct,
  swapBytes,
  toIpv4,
  toIpv6,
  u64 as toU64,
  type u32 as U32,
  u16,
  u32,
  type u64,
} from "zeta/bpf";
import { icmpOf, icmpv6Of, type Parts } from "../packet/open.ts";
import { updated } from "../packet/sums.ts";
import { icmpWords } from "../packet/words.ts";

const ETHERNET = 14;
const QUOTED_TRANSPORT = 8;
const MOST_QUOTED = 68;
const PROHIBITED4 = 13;
const PROHIBITED6 = 1;
const UNREACHABLE6 = 1;
const ICMP = 8;
const TTL = 64;

const word = struct({ value: u32 });

/** The sum of `bytes` bytes (a multiple of 4) from `start`, in memory order. */
const sumOf = (frame: Frame, start: U32, bytes: U32): u64 => {
  let sum: u64 = 0n;
  for (let at = 0; at < MOST_QUOTED + ICMP; at += 4) {
    if (at >= bytes) break;
    const next = frame.cursor(start + at).peek(word);
    if (next !== null) sum += toU64(next.value);
  }
  return sum;
};

/** Cuts the packet after the quote and makes room for `room` bytes before it; false when that cannot be done. */
const quote = (parts: Parts, quoted: U32, room: U32): boolean => {
  const { frame } = parts;
  const end = ETHERNET + quoted;
  if (frame.length < end) return false;
  if (frame.length > end && !frame.adjustTail(i32(u32(end - frame.length)))) return false;
  return frame.adjustHead(-i32(room));
};

const putEthernet = (frame: Frame, source: mac, destination: mac, type: number): boolean => {
  const ethernet = frame.cursor().take(ethernetHeader);
  if (ethernet === null) return false;
  ethernet.source = source;
  ethernet.destination = destination;
  ethernet.type = u16(type);
  return true;
};

export const answerUnreachable4 = (parts: Parts): Action => {
  const message = icmpOf(parts);
  if (parts.protocol === Protocol.Icmp && (message === null || message.type !== IcmpType.Echo)) return Action.Drop;
  const quoted = parts.transportAt - parts.networkAt + QUOTED_TRANSPORT;
  if (parts.tagged || quoted > MOST_QUOTED) return Action.Drop;
  const { source, destination, frame } = parts;
  const { source: theirs, destination: ours } = parts.ethernet;
  const room = 20 + ICMP;
  if (!quote(parts, quoted, room) || !putEthernet(frame, ours, theirs, EtherType.Ipv4)) return Action.Drop;
  const ip = frame.cursor(ETHERNET).peek(ipv4Header);
  const icmp = frame.cursor(ETHERNET + 20).peek(icmpHeader);
  const words = frame.cursor(ETHERNET + 20).peek(icmpWords);
  if (ip === null || icmp === null || words === null) return Action.Drop;
  ip.start = { version: 4, words: 5 };
  ip.traffic = { dscp: 48, ecn: 0 };
  ip.totalLength = u16(room + quoted);
  ip.identification = 0;
  ip.fragment = { reserved: 0, dontFragment: 0, moreFragments: 0, offset: 0 };
  ip.ttl = TTL;
  ip.protocol = Protocol.Icmp;
  ip.checksum = 0;
  ip.source = toIpv4(destination);
  ip.destination = toIpv4(source);
  ip.checksum = swapBytes.u16(updated(0xffff, sumOf(frame, ETHERNET, 20)));
  icmp.type = IcmpType.Unreachable;
  icmp.code = PROHIBITED4;
  icmp.checksum = 0;
  icmp.identifier = 0;
  icmp.sequence = 0;
  words.checksum = updated(0xffff, sumOf(frame, ETHERNET + 20, ICMP + quoted));
  return Action.Transmit;
};

export const answerUnreachable6 = (parts: Parts): Action => {
  const message = icmpv6Of(parts);
  if (parts.protocol === Protocol.Icmpv6 && (message === null || message.type < 128)) return Action.Drop;
  const quoted = parts.transportAt - parts.networkAt + QUOTED_TRANSPORT;
  if (parts.tagged || quoted > MOST_QUOTED) return Action.Drop;
  const { source, destination, frame } = parts;
  const { source: theirs, destination: ours } = parts.ethernet;
  const room = 40 + ICMP;
  if (!quote(parts, quoted, room) || !putEthernet(frame, ours, theirs, EtherType.Ipv6)) return Action.Drop;
  const ip = frame.cursor(ETHERNET).peek(ipv6Header);
  const icmp = frame.cursor(ETHERNET + 40).peek(icmpHeader);
  const words = frame.cursor(ETHERNET + 40).peek(icmpWords);
  if (ip === null || icmp === null || words === null) return Action.Drop;
  ip.start = { version: 6, dscp: 48, ecn: 0, flowLabel: 0 };
  ip.payloadLength = u16(ICMP + quoted);
  ip.nextHeader = Protocol.Icmpv6;
  ip.hopLimit = TTL;
  ip.source = toIpv6(destination);
  ip.destination = toIpv6(source);
  icmp.type = UNREACHABLE6;
  icmp.code = PROHIBITED6;
  icmp.checksum = 0;
  icmp.identifier = 0;
  icmp.sequence = 0;
  const pseudo: u64 = sumOf(frame, ETHERNET + 8, 32) + toU64(swapBytes.u16(u16(Protocol.Icmpv6 + ICMP + quoted)));
  words.checksum = updated(0xffff, pseudo + sumOf(frame, ETHERNET + 40, ICMP + quoted));
  return Action.Transmit;
};
