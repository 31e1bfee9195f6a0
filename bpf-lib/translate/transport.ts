/** Transport headers of a translated packet: ports, echo types, and checksums over another pseudo-header. */
import {
  address,
  type Of,
  Protocol,
  struct,
  swapBytes,
  u64 as toU64,
  type u8,
  u16,
  type u32,
  type u64,
} from "zeta/bpf";
import { putIdentifier } from "../packet/echo.ts";
import type { Parts } from "../packet/open.ts";
import { type Ends, putPorts } from "../packet/rewrite.ts";
import { changed, updated } from "../packet/sums.ts";
import { icmpWords, type ipv4Words, type ipv6Words } from "../packet/words.ts";
import type { Message } from "./messages.ts";

type Words = Ends["source"];

const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const checksumWord = struct({ value: u16 });

/** What an address adds to a sum. */
export const sumOf4 = (end: Words): u64 => toU64(end.address[3]);
export const sumOf6 = (end: Words): u64 =>
  toU64(end.address[0]) + toU64(end.address[1]) + toU64(end.address[2]) + toU64(end.address[3]);

/** What taking a header's addresses away adds to a sum. */
export const without4 = (ip: Of<typeof ipv4Words>): u64 => toU64(~ip.source) + toU64(~ip.destination);
export const without6 = (ip: Of<typeof ipv6Words>): u64 => {
  let sum: u64 = 0n;
  for (const i of [0, 1, 2, 3] as const) sum += toU64(~ip.source[i]) + toU64(~ip.destination[i]);
  return sum;
};

/** What a pseudo-header's protocol and length add; addresses aside. */
export const pseudo = (protocol: u8, length: u32): u64 =>
  toU64(swapBytes.u16(protocol)) + toU64(swapBytes.u16(u16(length)));

/** What taking a sum away adds. */
export const without = (sum: u64): u64 => toU64(updated(0xffff, sum));

/** The value of an address that lies in memory as words. */
export const addressOf = (end: Words): address => {
  const high: u64 = (toU64(swapBytes.u32(end.address[0])) << 32n) | toU64(swapBytes.u32(end.address[1]));
  const low: u64 = (toU64(swapBytes.u32(end.address[2])) << 32n) | toU64(swapBytes.u32(end.address[3]));
  return (address(high) << 64n) | address(low);
};

/** Where TCP and UDP have their checksum. */
export const checksumAt = (protocol: u8): u32 => (protocol === Protocol.Tcp ? TCP_CHECKSUM : UDP_CHECKSUM);

/**
 * Puts the ports of TCP and UDP and brings the checksum along; `change` is what its pseudo-header changed by. A UDP checksum
 * of zero stays. Gives what that adds to a sum over the header, as far as it goes up to `end`.
 */
export const putSegment = (parts: Parts, end: u32, to: Ends, change: u64): u64 => {
  const ports = putPorts(parts, to);
  const at = parts.transportAt + checksumAt(parts.protocol);
  const checksum = at + 2 <= end ? parts.frame.cursor(at).peek(checksumWord) : null;
  if (checksum === null) return ports;
  const from = checksum.value;
  const udp = parts.protocol === Protocol.Udp;
  if (udp && from === 0) return ports;
  const next = updated(from, change + ports);
  checksum.value = udp && next === 0 ? 0xffff : next;
  return ports + changed(from, checksum.value);
};

/** Makes an echo the other family's; `change` is what its pseudo-header changed by. Gives what that adds to a sum over it. */
export const putEcho = (parts: Parts, echo: Message, to: Ends, change: u64): u64 => {
  const words = parts.frame.cursor(parts.transportAt).peek(icmpWords);
  if (words === null) return 0n;
  const { typeAndCode, checksum } = words;
  words.typeAndCode = u16(echo.type | (typeAndCode & 0xff00));
  const inside = changed(typeAndCode, words.typeAndCode) + putIdentifier(words, parts.protocol, to);
  words.checksum = updated(checksum, inside + change);
  return inside + changed(checksum, words.checksum);
};
