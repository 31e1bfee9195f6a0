/**
 * bpf_csum_diff. Its result is a one's-complement sum (RFC 1071) that Linux defines only modulo 0xffff before 6.13 and
 * as the folded 16-bit sum since: this is the folded form, which programs get on every kernel when they fold what they got.
 * The sum of nothing but zeros is 0; every other multiple of 0xffff is 0xffff, as the kernel's add-with-carry gives.
 */
import { EINVAL } from "./errno.ts";

const MODULUS = 0xffffffff;

/** csum_partial: 32-bit sum with end-around carry; 0 only when everything added is 0. */
function partial(view: DataView | null, at: number, bytes: number, seed: number): number {
  if (view === null) return seed;
  let sum = seed;
  for (let i = 0; i < bytes; i += 4) sum += view.getUint32(at + i, true);
  return sum === 0 ? 0 : ((sum - 1) % MODULUS) + 1;
}

/** csum_from32to16. */
function fold(sum: number): number {
  const once = (sum >>> 16) + (sum & 0xffff);
  return (once >>> 16) + (once & 0xffff);
}

const complement = (sum: number): number => ~sum >>> 0;

/** One's-complement sum of `to` minus `from` plus `seed`. Sizes are multiples of 4; a place of size 0 may be null. */
export function checksumDiff(
  from: DataView | null,
  fromAt: number,
  fromBytes: number,
  to: DataView | null,
  toAt: number,
  toBytes: number,
  seed: number,
): number {
  if (((fromBytes | toBytes) & 3) !== 0) return -EINVAL;
  let sum = seed;
  if (fromBytes > 0 && toBytes > 0) {
    const subtract = complement(partial(from, fromAt, fromBytes, 0));
    const added = partial(to, toAt, toBytes, seed) + subtract;
    sum = added > MODULUS ? added - MODULUS : added;
  } else if (toBytes > 0) {
    sum = partial(to, toAt, toBytes, seed);
  } else if (fromBytes > 0) {
    sum = complement(partial(from, fromAt, fromBytes, complement(seed)));
  }
  return fold(sum);
}
