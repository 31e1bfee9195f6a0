/** Between the address families. These are programs of the language, compiled like the author's. */

import { address, ipv4, ipv6, type u32, u64 } from "../layout/layouts.ts";

const MAPPED = address("::ffff:0.0.0.0");
const LOW = address("::ffff:ffff");

/** ::ffff:a.b.c.d */
export const fromIpv4 = (of: ipv4): address => address(of) | MAPPED;
export const fromIpv6 = (of: ipv6): address => address(of);
/** The last 32 bits. */
export const toIpv4 = (of: address): ipv4 => ipv4(of & LOW);
export const toIpv6 = (of: address): ipv6 => ipv6(of);
export const isIpv4 = (of: address): boolean => of >> 32n === MAPPED >> 32n;

const LOW_WORD = 0xffff_ffffn;
/** Bits behind the embedded address in the lower half, for prefixes that end in the upper one. */
const SUFFIX = 24n;
const WHOLE = 96;

/**
 * The IPv6 address that stands for an IPv4 address under a prefix (RFC 6052 section 2.2): `embedded(address("64:ff9b::"), ip)`.
 * `length` is the prefix's in bits: 32, 40, 48, 56, 64 or 96 (unless told). Bits of the prefix behind it are zero, and so are
 * bits 64 to 71, whatever the prefix.
 */
export const embedded = (prefix: address, of: ipv4, length: u32 = WHOLE): address => {
  if (length === WHOLE) return prefix | address(of);
  const value = u64(of);
  const high: u64 = value >> u64(length - 32);
  const low: u64 = ((value << u64(64 - length)) & LOW_WORD) << SUFFIX;
  return prefix | (address(high) << 64n) | address(low);
};

/** The IPv4 address that stands in an IPv6 address under a prefix of `length` bits. */
export const unembedded = (from: address, length: u32 = WHOLE): ipv4 => {
  const low = u64(from);
  if (length === WHOLE) return ipv4(low);
  const high: u64 = (u64(from >> 64n) << u64(length - 32)) & LOW_WORD;
  return ipv4(high | (((low >> SUFFIX) & LOW_WORD) >> u64(64 - length)));
};
