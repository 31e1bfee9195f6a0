/**
 * Token buckets. A bucket holds tokens in units of 10^-9, so that a nanosecond of refill is a whole number of units.
 * Packets of one key on several CPUs at once may spend the same token: admission is exact per CPU, close across CPUs.
 */

import type { RateLimiter } from "zeta";
import { clock, type Layout, map, struct, u64 } from "zeta/bpf";

const UNIT = 1_000_000_000n;
/** Longer gaps refill no more than this many nanoseconds' worth, so that the product stays below 2^64. */
const LONGEST_GAP = 16_000_000_000n;

export const openRateLimiter = <K>(name: string, key: Layout<K>, max: number): RateLimiter<K> => {
  const buckets = map.lruHash({ name, key, value: struct({ tokens: u64, at: u64 }), max });
  return {
    allow(of, limit, cost = 1n) {
      const now = clock("coarse");
      const full: u64 = limit.burst * UNIT;
      const price: u64 = cost * UNIT;
      const bucket = buckets.get(of);
      if (bucket === null) {
        if (price > full) return false;
        buckets.set(of, { tokens: full - price, at: now });
        return true;
      }
      const gap: u64 = now - bucket.at < LONGEST_GAP ? now - bucket.at : LONGEST_GAP;
      const refilled: u64 = bucket.tokens + gap * limit.perSecond;
      const tokens: u64 = refilled < full ? refilled : full;
      bucket.at = now;
      if (tokens < price) {
        bucket.tokens = tokens;
        return false;
      }
      bucket.tokens = tokens - price;
      return true;
    },
  };
};
