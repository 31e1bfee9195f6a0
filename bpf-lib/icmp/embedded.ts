/**
 * The packet that an ICMP error is about: what the error quotes of it, and the flow that it belongs to (RFC 792, RFC 4443
 * section 2.4, RFC 5508 section 4). Quotes may be cut anywhere, and extensions may follow them (RFC 4884).
 */
import {
  type address,
  EtherType,
  fromIpv4,
  fromIpv6,
  header,
  IcmpType,
  Icmpv6Type,
  icmpHeader,
  ipv4Header,
  ipv6Header,
  Protocol,
  type u16 as U16,
  u8,
  u16,
  type u32,
} from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { identified } from "../packet/echo.ts";
import { walkExtensions } from "../packet/extensions.ts";
import { datagramEnd, type Parts } from "../packet/open.ts";

/** A flow in the direction in which the error itself goes, and where its packet is quoted. */
export interface Embedded {
  readonly protocol: u8;
  readonly source: address;
  readonly destination: address;
  readonly sourcePort: U16;
  readonly destinationPort: U16;
  /** Offsets in the frame of the quoted headers, and of the end of what is quoted of the packet. */
  readonly networkAt: u32;
  readonly transportAt: u32;
  readonly end: u32;
}

/** The second word of an error holds, of IPv4 in its second byte, of IPv6 in its first, the quote's length (RFC 4884 section 4). */
const errorHeader = header({ type: u8, code: u8, checksum: u16, first: u8, second: u8, rest: u16 });
const portsHeader = header({ source: u16, destination: u16 });

const ERROR = 8;
const PORTS = 4;
const ECHO = 8;
/** Neither IPv6 extensions before an error nor those in it are longer. */
const FARTHEST = 0x1fff;

/** Errors that concern a packet. Redirects do not: they are for the sender's own network. */
const concerns = (parts: Parts, type: u8): boolean =>
  parts.type === EtherType.Ipv4
    ? type === IcmpType.Unreachable || type === IcmpType.TimeExceeded || type === IcmpType.ParameterProblem
    : type >= Icmpv6Type.Unreachable && type <= Icmpv6Type.ParameterProblem;

const errorOf = (parts: Parts) => {
  const protocol: u8 = parts.type === EtherType.Ipv4 ? Protocol.Icmp : Protocol.Icmpv6;
  if (parts.protocol !== protocol || parts.later || parts.transportAt > FARTHEST) return null;
  const error = parts.frame.cursor(parts.transportAt).peek(errorHeader);
  return error !== null && concerns(parts, error.type) ? error : null;
};

/** Whether the packet is an error about another one. One whose `embeddedKey` is null should then go nowhere. */
export const isError = (parts: Parts): boolean => errorOf(parts) !== null;

/** The end of the quoted datagram in the frame: of the shortest of what the frame, its datagram, the quote and the quoted packet say. */
const quoteEnd = (parts: Parts, start: u32, given: u32, claimed: u32): u32 => {
  const whole = Math.min(parts.frame.length, datagramEnd(parts));
  const quote = given === 0 ? whole : Math.min(whole, start + given);
  return Math.min(quote, start + claimed);
};

/**
 * The flow of the quoted packet, turned round; null when the packet is no error, when too little is quoted to tell, or
 * when the error goes to someone else than the quoted packet's sender. Quoted fragments other than the first, packets on
 * a source route, and protocols other than TCP, UDP and echo have no flow.
 */
export const embeddedKey = (parts: Parts): Embedded | null => {
  const error = errorOf(parts);
  if (error === null) return null;
  const networkAt = parts.transportAt + ERROR;
  let protocol: u8 = 0;
  let transportAt: u32 = 0;
  let source: address = 0n;
  let destination: address = 0n;
  let end: u32 = 0;
  let whole = false;
  if (parts.type === EtherType.Ipv4) {
    const ip = parts.frame.cursor(networkAt).peek(ipv4Header);
    if (ip === null || ip.start.version !== 4 || ip.start.words < 5) return null;
    protocol = ip.protocol;
    transportAt = networkAt + ip.start.words * 4;
    whole = ip.fragment.offset === 0;
    end = quoteEnd(parts, networkAt, error.second * 4, ip.totalLength);
    source = fromIpv4(ip.source);
    destination = fromIpv4(ip.destination);
  } else {
    const ip = parts.frame.cursor(networkAt).peek(ipv6Header);
    if (ip === null || ip.start.version !== 6) return null;
    walkExtensions(parts.frame, networkAt + 40, ip.nextHeader, (next, at, later, segmentsLeft) => {
      protocol = next;
      transportAt = at;
      whole = !later && segmentsLeft === 0;
    });
    const counted = error.type === Icmpv6Type.Unreachable || error.type === Icmpv6Type.TimeExceeded;
    end = quoteEnd(parts, networkAt, counted ? error.first * 8 : 0, 40 + ip.payloadLength);
    source = fromIpv6(ip.source);
    destination = fromIpv6(ip.destination);
  }
  if (!whole || source !== parts.destination || transportAt > 2 * FARTHEST) return null;
  let sourcePort: U16 = 0;
  let destinationPort: U16 = 0;
  if (protocol === Protocol.Tcp || protocol === Protocol.Udp) {
    const ports = parts.frame.cursor(transportAt).peek(portsHeader);
    if (ports === null || transportAt + PORTS > end) return null;
    sourcePort = ports.source;
    destinationPort = ports.destination;
  } else if (protocol === parts.protocol) {
    const message = parts.frame.cursor(transportAt).peek(icmpHeader);
    if (message === null || transportAt + ECHO > end) return null;
    const asker = identified(protocol, message.type);
    if (asker === Change.Source) sourcePort = message.identifier;
    else if (asker === Change.Destination) destinationPort = message.identifier;
    else return null;
  } else return null;
  return {
    protocol,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    networkAt,
    transportAt,
    end,
  };
};
