/** The Internet checksum (RFC 1071) and the pseudo-headers of RFC 9293, RFC 768 and RFC 8200 section 8.1. */
import { concat, ipv4Bytes, ipv6Bytes, u16, u32 } from "./bytes.ts";

/** One's-complement sum, folded to 16 bits; an odd last byte counts as if followed by zero. */
export function onesComplementSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] as number) * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 65536) + Math.floor(sum / 65536);
  return sum;
}

/** The value for the checksum field of bytes whose checksum field is zero. */
export const internetChecksum = (bytes: Uint8Array): number => ~onesComplementSum(bytes) & 0xffff;

/** What the checksum needs to know of the network header. Addresses as text. */
export interface Network {
  readonly family: 4 | 6;
  readonly source: string;
  /** The final destination, when a routing header names one. */
  readonly destination: string;
}

export function pseudoHeader(network: Network, protocol: number, length: number): Uint8Array {
  return network.family === 4
    ? concat(ipv4Bytes(network.source), ipv4Bytes(network.destination), [0, protocol], u16(length))
    : concat(ipv6Bytes(network.source), ipv6Bytes(network.destination), u32(length), u32(protocol));
}

export type ChecksumWish = number | "zero" | "wrong" | undefined;

/** The value to write: the right one unless the test wishes otherwise. */
export function chosenChecksum(wish: ChecksumWish, right: number): number {
  if (wish === undefined) return right;
  if (wish === "zero") return 0;
  // Neither equal modulo 0xffff to the right one, nor zero, which UDP reads as "none".
  if (wish === "wrong") return right === 0x0101 ? 0x0202 : right ^ 0x0101;
  return wish;
}
