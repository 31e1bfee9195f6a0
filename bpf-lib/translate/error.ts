/** What both directions of translating an ICMP error share: its first words, and the transport header that it quotes. */
import { type Frame, icmpHeader, type Of, Protocol, u64 as toU64, u16, type u32, type u64 } from "zeta/bpf";
import type { Parts } from "../packet/open.ts";
import type { Ends } from "../packet/rewrite.ts";
import { updated } from "../packet/sums.ts";
import { icmpWords } from "../packet/words.ts";
import type { Message } from "./messages.ts";

/** Bytes before the quote. */
export const ERROR = 8;
const BOTH = 3;

export const secondWord = (error: Of<typeof icmpHeader>): u32 => (error.identifier << 16) | error.sequence;

/** What taking an error's words away adds to its sum; the checksum aside. */
export const withoutWords = (words: Of<typeof icmpWords>): u64 =>
  toU64(~words.typeAndCode & 0xffff) + toU64(~words.identifier & 0xffff) + toU64(~words.sequence & 0xffff);

/** The quoted packet's ends: it went the other way. */
export const turnedBack = (to: Ends): Ends => ({ change: BOTH, source: to.destination, destination: to.source });

/** Writes the error's words; `sum` is what the rest has changed by, and `checksum` what was right before. */
export const writeError = (frame: Frame, at: u32, message: Message, checksum: u16, sum: u64): boolean => {
  const error = frame.cursor(at).peek(icmpHeader);
  const words = frame.cursor(at).peek(icmpWords);
  if (error === null || words === null) return false;
  error.type = message.type & 0xff;
  error.code = message.code & 0xff;
  error.identifier = u16(message.second >> 16);
  error.sequence = u16(message.second & 0xffff);
  words.checksum = updated(checksum, sum + toU64(words.typeAndCode) + toU64(words.identifier) + toU64(words.sequence));
  return true;
};

/** The type of a quoted echo. */
export const quotedType = (parts: Parts, at: u32): u32 => parts.frame.cursor(at).peek(icmpHeader)?.type ?? 0;

export const isEcho = (protocol: number): boolean => protocol === Protocol.Icmp || protocol === Protocol.Icmpv6;
