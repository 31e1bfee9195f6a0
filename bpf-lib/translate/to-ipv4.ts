/** A packet of IPv6 becomes one of IPv4, in place (RFC 7915 section 5). Errors of ICMPv6: see `errorToIpv4`. */
import {
  type Action,
  EtherType,
  Icmpv6Type,
  icmpHeader,
  ipv6Header,
  Protocol,
  type u8,
  type u32,
  type u64,
} from "zeta/bpf";
import { datagramEnd, network, type Parts } from "../packet/open.ts";
import type { Ends } from "../packet/rewrite.ts";
import { ipv6Words } from "../packet/words.ts";
import { moveHead } from "./head.ts";
import { IPV4, readIpv6, writeIpv4 } from "./headers.ts";
import { echoInIpv4 } from "./messages.ts";
import { Refusal } from "./refusal.ts";
import { addressOf, pseudo, putEcho, putSegment, sumOf4, without, without6 } from "./transport.ts";

const MOST_LENGTH = 0xffff;

/**
 * As `toIpv6`, the other way. Extension headers are left out; a fragment header becomes IPv4's fields. The addresses are
 * ::ffff:a.b.c.d or any that end in the IPv4 address.
 */
export const toIpv4 = (parts: Parts, to: Ends, use: (parts: Parts) => Action, refuse: (why: u32) => Action): Action => {
  const { frame, networkAt, transportAt, protocol: number } = parts;
  const ip = network(parts, EtherType.Ipv6, ipv6Header);
  const old = network(parts, EtherType.Ipv6, ipv6Words);
  const end = datagramEnd(parts);
  if (ip === null || old === null || end > frame.length || end < transportAt) return refuse(Refusal.Malformed);
  if (parts.segmentsLeft !== 0) return refuse(Refusal.SourceRoute);
  if (number === Protocol.Icmp) return refuse(Refusal.Protocol);
  const length = end - transportAt;
  if (length + IPV4 > MOST_LENGTH) return refuse(Refusal.Malformed);
  const common = readIpv6(frame, ip, parts.fragmentAt);
  const isMessage = number === Protocol.Icmpv6;
  const message = isMessage && !parts.later ? frame.cursor(transportAt).peek(icmpHeader) : null;
  const echo = echoInIpv4(message === null ? Icmpv6Type.NeighbourSolicitation : message.type);
  if (isMessage && (common.offset !== 0 || common.more !== 0)) return refuse(Refusal.Fragment);
  if (isMessage && !echo.known) return refuse(Refusal.Message);
  const gone: u64 = without6(old);
  const protocol: u8 = isMessage ? Protocol.Icmp : number;
  const ethernet = moveHead(parts, transportAt - networkAt, IPV4, EtherType.Ipv4);
  if (ethernet === null) return refuse(Refusal.Room);
  if (!writeIpv4(frame, networkAt, common, protocol, length, to.source, to.destination, true))
    return refuse(Refusal.Room);
  const moved: Parts = {
    ...parts,
    ethernet,
    type: EtherType.Ipv4,
    transportAt: networkAt + IPV4,
    protocol,
    fragmentAt: 0,
    source: addressOf(to.source),
    destination: addressOf(to.destination),
  };
  if (isMessage) putEcho(moved, echo, to, gone + without(pseudo(Protocol.Icmpv6, length)));
  else if (!parts.later && (protocol === Protocol.Tcp || protocol === Protocol.Udp))
    putSegment(moved, moved.transportAt + length, to, gone + sumOf4(to.source) + sumOf4(to.destination));
  return use(moved);
};
