/** IPv4 addresses inside IPv6 addresses (RFC 6052 section 2.2). Bits 64 to 71 stay zero, whatever the prefix. */
import { ipv4, ipv6, type u32, u64 } from "zeta/bpf";

const LOW_WORD = 0xffff_ffffn;
/** Bits behind the address in the lower half, for prefixes that end in the upper one. */
const SUFFIX = 24n;
const WHOLE = 96;

/** `length`: of the prefix, in bits: 32, 40, 48, 56, 64 or 96. Bits of the prefix behind that must be zero. */
export const embed = (prefix: ipv6, length: u32, of: ipv4): ipv6 => {
  if (length === WHOLE) return prefix | ipv6(of);
  const value = u64(of);
  const high: u64 = value >> u64(length - 32);
  const low: u64 = ((value << u64(64 - length)) & LOW_WORD) << SUFFIX;
  return prefix | (ipv6(high) << 64n) | ipv6(low);
};

/** The IPv4 address in an IPv6 address under a prefix of `length` bits. */
export const extract = (from: ipv6, length: u32): ipv4 => {
  const low = u64(from);
  if (length === WHOLE) return ipv4(low);
  const high: u64 = (u64(from >> 64n) << u64(length - 32)) & LOW_WORD;
  return ipv4(high | (((low >> SUFFIX) & LOW_WORD) >> u64(64 - length)));
};
