/**
 * Checksum arithmetic in memory order. The Internet checksum does not care about byte order (RFC 1071 section 2), so sums
 * over words as they lie in memory need no swaps; what is stored back is in memory order too.
 */
import { u16 as toU16, u64 as toU64, type u16, type u32, type u64 } from "zeta/bpf";

/** What replacing a word adds to a one's-complement sum (RFC 1624, equation 3). Below 2^33. */
export const changed = (from: u32, to: u32): u64 => toU64(~from) + toU64(to);

/** A checksum after changes that add up to `change`, which must be below 2^47. */
export const updated = (checksum: u16, change: u64): u16 => {
  const sum: u64 = toU64(~checksum & 0xffff) + change;
  const once: u64 = (sum & 0xffffn) + (sum >> 16n);
  const twice: u64 = (once & 0xffffn) + (once >> 16n);
  return toU16(~((twice & 0xffffn) + (twice >> 16n)));
};
