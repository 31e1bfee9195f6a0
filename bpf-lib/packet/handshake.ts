/**
 * The segments of a handshake that is made from both ends of one that waits (docs/decisions/0011-decisions-that-wait.md),
 * each from the packet in hand. Their checksums are made, not followed: nothing is left of what they were of.
 */
import {
  EtherType,
  type Of,
  Protocol,
  struct,
  swapBytes,
  type tcpHeader,
  u16 as toU16,
  u32 as toU32,
  u64 as toU64,
  u8,
  u32,
  type u64,
} from "zeta/bpf";
import { seenAs } from "../../sdk/middlebox/internal.ts";
import { isFragment, isPiece } from "./fragments.ts";
import { network, type Parts, tcpOf } from "./open.ts";
import { resize } from "./resize.ts";
import { updated } from "./sums.ts";
import { MSS_WORD, SACK_WORD } from "./tcp-options.ts";
import { ipv4Words, ipv6Words, tcpWords } from "./words.ts";

const HEADER = 20;
const WORDS = 5;
const WORD = 4;
const IPV6 = 40;
/** Of what a SYN offers (`Outcome.offer`): selective acknowledgements, and the MSS. */
export const SACK_OFFERED = 0x1_0000;
const MSS_OFFERED = 0xffff;

const optionWord = struct({ value: u32 });
const dataByte = struct({ value: u8 });

/** Whether the packet is the ACK of a handshake, whole, so that a SYN can be made of it. Behind IPv6 extension headers none is. */
export const canWait = (parts: Parts): boolean => {
  const tcp = tcpOf(parts);
  if (tcp === null || (isFragment(parts) && isPiece(parts))) return false;
  const { ack, syn, rst } = tcp.control;
  return (
    ack === 1 && (syn | rst) === 0 && (parts.type === EtherType.Ipv4 || parts.transportAt - parts.networkAt === IPV6)
  );
};

export const isSynAck = (parts: Parts): boolean => {
  const tcp = tcpOf(parts);
  return tcp !== null && (tcp.control.syn & tcp.control.ack) === 1;
};

/** The sum of the pseudo-header of a segment of so many bytes (RFC 9293 section 3.1, RFC 8200 section 8.1). */
const pseudoSum = (parts: Parts, bytes: u32): u64 => {
  const length: u64 = toU64(swapBytes.u16(toU16(Protocol.Tcp + bytes)));
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 !== null) return length + toU64(ip4.source) + toU64(ip4.destination);
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  if (ip6 === null) return length;
  let sum: u64 = length;
  for (const i of [0, 1, 2, 3] as const) sum += toU64(ip6.source[i]) + toU64(ip6.destination[i]);
  return sum;
};

/** The sum of a header without options, its checksum left out. */
const headerSum = (words: Of<typeof tcpWords>): u64 =>
  toU64(words.sourcePort) +
  toU64(words.destinationPort) +
  toU64(words.sequence) +
  toU64(words.acknowledgement) +
  toU64(words.control) +
  toU64(words.window);

const flags = (tcp: Of<typeof tcpHeader>, words: u32, flag: "syn" | "ack"): void => {
  tcp.control = {
    words,
    reserved: 0,
    accurateEcn: 0,
    cwr: 0,
    ece: 0,
    urg: 0,
    ack: flag === "ack" ? 1 : 0,
    psh: 0,
    rst: 0,
    syn: flag === "syn" ? 1 : 0,
    fin: 0,
  };
  tcp.urgentPointer = 0;
};

/**
 * A client's ACK becomes the SYN of this number: without data, with the window that the client told, and the options that are
 * offered. Views are to be taken anew. False when the frame has no room for it.
 */
export const becomeSyn = (parts: Parts, sequence: u32, offer: u32): boolean => {
  const words: u32 = (offer & SACK_OFFERED) === 0 ? WORDS + 1 : WORDS + 2;
  if (!resize(parts, words * WORD)) return false;
  const tcp = tcpOf(parts);
  const mss = parts.frame.cursor(parts.transportAt + HEADER).peek(optionWord);
  if (tcp === null || mss === null) return false;
  tcp.sequence = sequence;
  tcp.acknowledgement = 0;
  flags(tcp, words, "syn");
  mss.value = swapBytes.u32(MSS_WORD | (offer & MSS_OFFERED));
  let options: u64 = toU64(mss.value);
  if (words === WORDS + 2) {
    const sack = parts.frame.cursor(parts.transportAt + HEADER + WORD).peek(optionWord);
    if (sack === null) return false;
    sack.value = swapBytes.u32(toU32(SACK_WORD));
    options += toU64(sack.value);
  }
  const header = seenAs(tcp, tcpWords);
  header.checksum = updated(0xffff, pseudoSum(parts, words * WORD) + headerSum(header) + options);
  return true;
};

/**
 * A SYN-ACK becomes, for a client whose connection stands already, a probe: one byte in the place of the SYN, which it has.
 * Who is sent what he has must acknowledge at once (RFC 9293 section 3.10.7.4), as with a keep-alive (section 3.8.4); and he
 * learns the window. Its number is that of the SYN that the client knows. Views are to be taken anew.
 */
export const becomeProbe = (parts: Parts): boolean => {
  if (!resize(parts, HEADER + 1)) return false;
  const tcp = tcpOf(parts);
  const data = parts.frame.cursor(parts.transportAt + HEADER).peek(dataByte);
  if (tcp === null || data === null) return false;
  flags(tcp, WORDS, "ack");
  data.value = 0;
  const header = seenAs(tcp, tcpWords);
  header.checksum = updated(0xffff, pseudoSum(parts, HEADER + 1) + headerSum(header));
  return true;
};
