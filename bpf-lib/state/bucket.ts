/** Token buckets, in units of 10^-9 tokens, so that a nanosecond of refill is a whole number of units. */
import { type Of, struct, type u64 as U64, u64 } from "zeta/bpf";

export const TOKEN = 1_000_000_000n;
/** The product of a longer gap, in nanoseconds, and of a rate might be 2^64 or more. */
const LONGEST_GAP = 16_000_000_000n;

export interface Rate {
  readonly perSecond: U64;
  /** Tokens that a full bucket holds. */
  readonly burst: U64;
}

/** What has passed since `at`: nothing for a CPU that has read the time just before another wrote it there. */
export const since = (at: U64, now: U64): U64 => (now > at ? now - at : 0n);

/** What `gap` nanoseconds refill, or at least `full`. */
export const refill = (gap: U64, perSecond: U64, full: U64): U64 => {
  if (gap < LONGEST_GAP) return gap * perSecond;
  const whole: U64 = (gap / TOKEN) * perSecond;
  return whole < full / TOKEN ? whole * TOKEN + (gap % TOKEN) * perSecond : full;
};

/** A bucket that counts what is missing: zeroed memory is a full one. */
export const bucket = struct({ missing: u64, at: u64 });

/** Takes a token at time `now`, in nanoseconds; false when there is none. */
export const takeToken = (from: Of<typeof bucket>, { perSecond, burst }: Rate, now: U64): boolean => {
  const full: U64 = burst * TOKEN;
  const { at } = from;
  const refilled = refill(since(at, now), perSecond, full);
  const missing: U64 = refilled < from.missing ? from.missing - refilled : 0n;
  if (now > at) from.at = now;
  const taken = missing + TOKEN <= full;
  from.missing = taken ? missing + TOKEN : missing;
  return taken;
};
