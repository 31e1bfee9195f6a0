/**
 * Internet checksums (RFC 1071) and their incremental update (RFC 1624, equation 3). Sums are taken over 16-bit words in
 * network order, kept in 32 bits, and folded at the end. These are programs of the language, compiled like the author's.
 */
import type { u16, u32 } from "../layout/layouts.ts";
import { u16 as toU16 } from "../layout/layouts.ts";

/** Adds the carries of a sum back in: 16 bits remain. The sum must be below 2^32. */
export const fold = (sum: u32): u32 => {
  const once: u32 = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
};

/** The header checksum for a sum: folded and complemented. */
export const finish = (sum: u32): u16 => toU16(~fold(sum));

/** A checksum after one 16-bit word changed. */
export const replaced16 = (checksum: u16, from: u32, to: u32): u16 =>
  finish((~checksum & 0xffff) + (~from & 0xffff) + (to & 0xffff));

/** A checksum after one 32-bit word changed. */
export const replaced32 = (checksum: u16, from: u32, to: u32): u16 =>
  finish((~checksum & 0xffff) + (~from & 0xffff) + (~from >>> 16) + (to & 0xffff) + (to >>> 16));
