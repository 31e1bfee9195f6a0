/** A packet of IPv4 becomes one of IPv6, in place (RFC 7915 section 4). Errors of ICMP: see `errorToIpv6`. */
import {
  type Action,
  EtherType,
  type Frame,
  IcmpType,
  icmpHeader,
  ipv4Header,
  loop,
  Protocol,
  struct,
  u64 as toU64,
  u8,
  u16,
  u32,
  type u64,
} from "zeta/bpf";
import { datagramEnd, network, type Parts } from "../packet/open.ts";
import type { Ends } from "../packet/rewrite.ts";
import { updated } from "../packet/sums.ts";
import { ipv4Words, udpWords } from "../packet/words.ts";
import { moveHead } from "./head.ts";
import { FRAGMENT, IPV4, IPV6, readIpv4, writeIpv6 } from "./headers.ts";
import { echoInIpv6 } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { addressOf, pseudo, putEcho, putSegment, sumOf6, without4 } from "./transport.ts";

/** UDP datagrams without checksum are summed up to this length. */
const MOST_SUMMED = 1500;
const byte = struct({ value: u8 });
const halfWord = struct({ value: u16 });
const word = struct({ value: u32 });
/** Change no offset and no length, but tell the verifier how large they may be. */
const OFFSETS = 0x7fff;
const LENGTHS = 0x7ff;

/** Numbers that are extension headers of IPv6, or its ICMP: as protocols of IPv4 they would become something else. */
const hasOtherMeaning = (protocol: u8): boolean =>
  protocol === Protocol.HopByHop ||
  protocol === Protocol.Routing ||
  protocol === Protocol.Fragment ||
  protocol === Protocol.DestinationOptions ||
  protocol === Protocol.NoNext ||
  protocol === Protocol.Icmpv6;

/** The sum of the UDP datagram from `start` to `end`: its last bytes may be an odd number. */
const sumOfDatagram = (frame: Frame, start: u32, end: u32): u64 => {
  const words = ((end - start) & LENGTHS) >> 2;
  let sum: u64 = 0n;
  // A loop of the kernel's, which the verifier looks at once.
  loop(words, (i) => {
    sum += toU64(frame.cursor((start & OFFSETS) + (i & LENGTHS) * 4).peek(word)?.value ?? 0);
    return true;
  });
  const rest = start + words * 4;
  const pair = (end - rest) & 2;
  if (pair !== 0) sum += toU64(frame.cursor(rest & OFFSETS).peek(halfWord)?.value ?? 0);
  if (((end - rest) & 1) !== 0) sum += toU64(frame.cursor((rest + pair) & OFFSETS).peek(byte)?.value ?? 0);
  return sum;
};

/** Whether it is UDP without a checksum, which IPv6 does not allow. */
const isUnsummed = (parts: Parts): boolean => {
  const udp =
    parts.protocol === Protocol.Udp && !parts.later ? parts.frame.cursor(parts.transportAt).peek(udpWords) : null;
  return udp !== null && udp.checksum === 0;
};

/**
 * `to` tells both ends in full: addresses and ports are put whatever `change` says. `use` gets the packet's new parts (all
 * views from before are dead), `refuse` the reason (of `Refusal`) and the packet as it was. The TTL is not aged, and a
 * packet that may be fragmented but is larger than the next link is the forwarder's to answer.
 */
export const toIpv6 = (parts: Parts, to: Ends, use: (parts: Parts) => Action, refuse: (why: u32) => Action): Action => {
  const { frame, networkAt, transportAt } = parts;
  const ip = network(parts, EtherType.Ipv4, ipv4Header);
  const old = network(parts, EtherType.Ipv4, ipv4Words);
  const end = datagramEnd(parts);
  if (ip === null || old === null || end > frame.length || end < transportAt) return refuse(Refusal.Malformed);
  const before = transportAt - networkAt;
  if (before > IPV4) return refuse(Refusal.Options);
  if (hasOtherMeaning(parts.protocol)) return refuse(Refusal.Protocol);
  const common = readIpv4(ip);
  const length = end - transportAt;
  const isMessage = parts.protocol === Protocol.Icmp;
  const message = isMessage && !parts.later ? frame.cursor(transportAt).peek(icmpHeader) : null;
  const echo = echoInIpv6(message === null ? IcmpType.Redirect : message.type);
  if (isMessage && common.fragmented) return refuse(Refusal.Fragment);
  if (isMessage && !echo.known) return refuse(Refusal.Message);
  const unsummed = isUnsummed(parts);
  if (unsummed && (common.fragmented || length > MOST_SUMMED)) return refuse(Refusal.Checksum);
  const change: u64 = without4(old) + sumOf6(to.source) + sumOf6(to.destination);
  const protocol: u8 = isMessage ? Protocol.Icmpv6 : parts.protocol;
  const after = IPV6 + (common.fragmented ? FRAGMENT : 0);
  const ethernet = moveHead(parts, before, after, EtherType.Ipv6);
  if (ethernet === null) return refuse(Refusal.Room);
  if (!writeIpv6(frame, networkAt, common, protocol, length, to.source, to.destination)) return refuse(Refusal.Room);
  const moved: Parts = {
    ...parts,
    ethernet,
    type: EtherType.Ipv6,
    transportAt: networkAt + after,
    protocol,
    fragmentAt: common.fragmented ? networkAt + IPV6 : 0,
    segmentsLeft: 0,
    source: addressOf(to.source),
    destination: addressOf(to.destination),
  };
  const whole = moved.transportAt + length;
  if (isMessage) putEcho(moved, echo, to, pseudo(Protocol.Icmpv6, length) + sumOf6(to.source) + sumOf6(to.destination));
  else if (!parts.later && (protocol === Protocol.Tcp || protocol === Protocol.Udp)) {
    putSegment(moved, whole, to, change);
    const udp = unsummed ? frame.cursor(moved.transportAt).peek(udpWords) : null;
    if (udp !== null) {
      const addresses = sumOf6(to.source) + sumOf6(to.destination);
      const sum = addresses + pseudo(Protocol.Udp, length) + sumOfDatagram(frame, moved.transportAt, whole);
      const checksum = updated(0xffff, sum);
      udp.checksum = checksum === 0 ? 0xffff : checksum;
    }
  }
  return use(moved);
};
