/** Between the address families. These are programs of the language, compiled like the author's. */

import { address, ipv4, ipv6 } from "../layout/layouts.ts";
import type * as T from "../layout/types.ts";

const MAPPED = address("::ffff:0.0.0.0");
const LOW = address("::ffff:ffff");

/** ::ffff:a.b.c.d */
export const fromIpv4 = (of: T.ipv4): T.address => address(of) | MAPPED;
export const fromIpv6 = (of: T.ipv6): T.address => address(of);
/** The last 32 bits. */
export const toIpv4 = (of: T.address): T.ipv4 => ipv4(of & LOW);
export const toIpv6 = (of: T.address): T.ipv6 => ipv6(of);
export const isIpv4 = (of: T.address): boolean => of >> 32n === MAPPED >> 32n;

/** Lengths of prefixes that IPv4 addresses are embedded in (RFC 6052 section 2.2). */
export type EmbeddingLength = 32 | 40 | 48 | 56 | 64 | 96;
/** Where bits 64 to 71, which are zero in every embedding, end: what comes after them lies so far from the right. */
const AFTER_ZEROS = 24n;

/** How many bits of the IPv4 address lie before bit 64. */
const before64 = (length: EmbeddingLength): bigint =>
  length === 32 ? 32n : length === 40 ? 24n : length === 48 ? 16n : length === 56 ? 8n : 0n;

/**
 * The IPv6 address that stands for an IPv4 address in a prefix (RFC 6052): `embedded(address("64:ff9b::"), ip)`. The prefix
 * has no bits set beyond its length, which is known when compiling; 96 unless told.
 */
export const embedded = (prefix: T.address, of: T.ipv4, length: EmbeddingLength = 96): T.address => {
  const wide: T.address = address(of);
  if (length === 96) return prefix | wide;
  const first = before64(length);
  const head: T.address = (wide >> (32n - first)) << 64n;
  const tail: T.address = (wide << (96n + first)) >> (96n - AFTER_ZEROS);
  return prefix | head | tail;
};

/** The IPv4 address that stands in an IPv6 address under a prefix of this length. */
export const unembedded = (from: T.address, length: EmbeddingLength = 96): T.ipv4 => {
  if (length === 96) return ipv4(from & LOW);
  const first = before64(length);
  const head: T.address = (from >> 64n) << (32n - first);
  const tail: T.address = (from >> (AFTER_ZEROS + first)) & (LOW >> first);
  return ipv4((head | tail) & LOW);
};
