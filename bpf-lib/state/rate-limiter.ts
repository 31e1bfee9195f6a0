/**
 * Token buckets. A bucket holds tokens in units of 10^-9, so that a nanosecond of refill is a whole number of units.
 * Packets of one key on several CPUs at once may spend the same token: admission is exact per CPU, close across CPUs.
 */

import type { RateLimiter } from "zeta";
import { clock, type Layout, map, struct, type u64 as U64, u64 } from "zeta/bpf";
import { refill, TOKEN } from "./bucket.ts";

export const openRateLimiter = <K>(name: string, key: Layout<K>, max: number): RateLimiter<K> => {
  const buckets = map.lruHash({ name, key, value: struct({ tokens: u64, at: u64 }), max });
  return {
    allow(of, limit, cost = 1n) {
      const now = clock("coarse");
      const full: U64 = limit.burst * TOKEN;
      const price: U64 = cost * TOKEN;
      const bucket = buckets.get(of);
      if (bucket === null) {
        if (price > full) return false;
        buckets.set(of, { tokens: full - price, at: now });
        return true;
      }
      const refilled: U64 = bucket.tokens + refill(now - bucket.at, limit.perSecond, full);
      const tokens: U64 = refilled < full ? refilled : full;
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
