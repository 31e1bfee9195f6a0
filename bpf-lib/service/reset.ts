/**
 * Refusing a connection: RST to the sender (RFC 9293 section 3.10.7.1), made of the very packet. Segments that answer to
 * nothing are dropped: resets, malformed ones, fragments, and those behind IPv6 extension headers.
 */
import {
  Action,
  EtherType,
  i32,
  type Of,
  swapBytes,
  type tcpHeader,
  u32 as toU32,
  u64 as toU64,
  u16,
  type u32,
  type u64,
} from "zeta/bpf";
import { seenAs } from "../../sdk/middlebox/internal.ts";
import { datagramEnd, network, type Parts } from "../packet/open.ts";
import { changed, updated } from "../packet/sums.ts";
import { turnEthernet } from "../packet/turn.ts";
import { ipv4Words, ipv6Words, tcpWords } from "../packet/words.ts";

const HEADER = 20;
const TCP = 6;
const TTL = 64;
/** Flags of an answer to a segment without ACK: RST and ACK; to one with ACK: RST alone. Five words of header. */
const WORDS = 5;
/** Parts of words in memory order: what is kept of an IPv4 header's first word and of IPv6's length, next header and limit. */
const VERSION_AND_LENGTH = 0x00ff;
const PROTOCOL = 0xff00;
const DO_NOT_FRAGMENT = 0x0040;
const MORE_FRAGMENTS = 0x0020;
const VERSION_SIX = 0x60;
const NEXT_HEADER = 0x00ff_0000;

/** Turns an IPv4 header round, shortens it to a TCP header and makes it our own; gives the sum of its addresses. */
const turn4 = (parts: Parts, ip: Of<typeof ipv4Words>): u64 => {
  const { start, totalLength, fragment, ttlAndProtocol, source, destination } = ip;
  const length = swapBytes.u16(u16(parts.transportAt - parts.networkAt + HEADER));
  ip.start = start & VERSION_AND_LENGTH;
  ip.totalLength = length;
  ip.fragment = DO_NOT_FRAGMENT;
  ip.ttlAndProtocol = u16((ttlAndProtocol & PROTOCOL) | TTL);
  ip.source = destination;
  ip.destination = source;
  const change =
    changed(start, ip.start) +
    changed(totalLength, length) +
    changed(fragment, DO_NOT_FRAGMENT) +
    changed(ttlAndProtocol, ip.ttlAndProtocol);
  ip.checksum = updated(ip.checksum, change);
  return toU64(source) + toU64(destination);
};

/** The same for IPv6. */
const turn6 = (ip: Of<typeof ipv6Words>): u64 => {
  ip.start = VERSION_SIX;
  ip.lengthAndLimit = (ip.lengthAndLimit & NEXT_HEADER) | swapBytes.u16(HEADER) | (TTL << 24);
  let sum: u64 = 0n;
  for (const i of [0, 1, 2, 3] as const) {
    const from = ip.source[i];
    const to = ip.destination[i];
    sum += toU64(from) + toU64(to);
    ip.source[i] = to;
    ip.destination[i] = from;
  }
  return sum;
};

/** Whether an answer can be made of the packet: it is no fragment and, in IPv6, has no extension headers. */
const answerable = (parts: Parts): boolean => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  return ip4 === null ? parts.transportAt - parts.networkAt === 40 : (ip4.fragment & MORE_FRAGMENTS) === 0;
};

const turn = (parts: Parts): u64 => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 !== null) return turn4(parts, ip4);
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  return ip6 === null ? 0n : turn6(ip6);
};

export const answerReset = (parts: Parts, tcp: Of<typeof tcpHeader>): Action => {
  const headers: u32 = parts.transportAt + tcp.control.words * 4;
  const end = datagramEnd(parts);
  if (tcp.control.rst === 1 || tcp.control.words < WORDS || headers > end || !answerable(parts)) return Action.Drop;
  // The sequence numbers that the segment takes: its data, without the frame's padding, SYN and FIN.
  const next: u32 = tcp.sequence + (end - headers) + tcp.control.syn + tcp.control.fin;
  const acknowledged = tcp.control.ack === 1;
  const { sourcePort, destinationPort, acknowledgement } = tcp;
  turnEthernet(parts);
  const addresses = turn(parts);
  tcp.sourcePort = destinationPort;
  tcp.destinationPort = sourcePort;
  tcp.sequence = acknowledged ? acknowledgement : 0;
  tcp.acknowledgement = acknowledged ? 0 : next;
  tcp.control = {
    words: WORDS,
    reserved: 0,
    accurateEcn: 0,
    cwr: 0,
    ece: 0,
    urg: 0,
    ack: acknowledged ? 0 : 1,
    psh: 0,
    rst: 1,
    syn: 0,
    fin: 0,
  };
  tcp.window = 0;
  tcp.urgentPointer = 0;
  const words = seenAs(tcp, tcpWords);
  const segment: u64 =
    toU64(words.sourcePort) +
    toU64(words.destinationPort) +
    toU64(words.sequence) +
    toU64(words.acknowledgement) +
    toU64(words.control);
  const pseudo: u64 = addresses + toU64(swapBytes.u16(TCP + HEADER));
  words.checksum = updated(0xffff, pseudo + segment);
  const cut = parts.transportAt + HEADER;
  return parts.frame.length === cut || parts.frame.adjustTail(i32(toU32(cut - parts.frame.length)))
    ? Action.Transmit
    : Action.Drop;
};
