/** Refusing a connection: RST to the sender (RFC 9293 section 3.10.7.1), made of the very packet. */
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
import { network, type Parts } from "../packet/open.ts";
import { changed, updated } from "../packet/sums.ts";
import { ipv4Words, ipv6Words, tcpWords } from "../packet/words.ts";

const HEADER = 20;
const TCP = 6;
/** Flags of an answer to a segment without ACK: RST and ACK; to one with ACK: RST alone. Five words of header. */
const WORDS = 5;

/** Turns the network header round and shortens it to `bytes` of transport; gives the sum of its addresses. */
const turn = (parts: Parts, bytes: u32): u64 => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 !== null) {
    const { source, destination, totalLength } = ip4;
    const length = swapBytes.u16(u16(parts.transportAt - parts.networkAt + bytes));
    ip4.source = destination;
    ip4.destination = source;
    ip4.totalLength = length;
    ip4.checksum = updated(ip4.checksum, changed(totalLength, length));
    return toU64(source) + toU64(destination);
  }
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  if (ip6 === null) return 0n;
  const length = parts.transportAt - parts.networkAt - 40 + bytes;
  ip6.lengthAndLimit = (ip6.lengthAndLimit & 0xffff_0000) | swapBytes.u16(u16(length));
  let sum: u64 = 0n;
  for (const i of [0, 1, 2, 3] as const) {
    const from = ip6.source[i];
    const to = ip6.destination[i];
    sum += toU64(from) + toU64(to);
    ip6.source[i] = to;
    ip6.destination[i] = from;
  }
  return sum;
};

/** How many sequence numbers the segment takes: its data, SYN and FIN. */
const taken = (parts: Parts, tcp: Of<typeof tcpHeader>): u32 => {
  const headers = parts.transportAt + tcp.control.words * 4;
  const data = parts.frame.length > headers ? parts.frame.length - headers : 0;
  return data + tcp.control.syn + tcp.control.fin;
};

/** Sends the packet back where it came from. */
export const turnEthernet = (parts: Parts): void => {
  const { source, destination } = parts.ethernet;
  parts.ethernet.source = destination;
  parts.ethernet.destination = source;
};

export const answerReset = (parts: Parts, tcp: Of<typeof tcpHeader>): Action => {
  if (tcp.control.rst === 1) return Action.Drop;
  const next: u32 = tcp.sequence + taken(parts, tcp);
  const acknowledged = tcp.control.ack === 1;
  const { sourcePort, destinationPort, acknowledgement } = tcp;
  turnEthernet(parts);
  const addresses = turn(parts, HEADER);
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
  const end = parts.transportAt + HEADER;
  return parts.frame.length === end || parts.frame.adjustTail(i32(toU32(end - parts.frame.length)))
    ? Action.Transmit
    : Action.Drop;
};
