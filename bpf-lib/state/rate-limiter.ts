/**
 * Token buckets. A bucket holds tokens in units of 10^-9, so that a nanosecond of refill is a whole number of units.
 * Packets of one key on several CPUs at once may spend the same token: admission is exact per CPU, close across CPUs.
 */

import type { RateLimiter } from "zeta";
import { clock, type Layout, map, struct, type u32 as U32, type u64 as U64, u32, u64 } from "zeta/bpf";
import { refill, TOKEN } from "./bucket.ts";

/** This node's share of the limits of the service, in units of 2^-16. 0, nobody has said: the whole. */
export const zeta_shares = map.array({ value: struct({ share: u32 }), max: 64 });
const UNIT_BITS = 16n;
const LOW = 0xffffn;

/** The part of an amount of units that a share gives: of the units, so that slow rates are not rounded to nothing. */
const partOf = (units: U64, share: U32): U64 =>
  share === 0 ? units : (units >> UNIT_BITS) * u64(share) + (((units & LOW) * u64(share)) >> UNIT_BITS);

const shareAt = (index: U32 | null): U32 => (index === null ? 0 : (zeta_shares.at(index)?.share ?? 0));

export const openRateLimiter = <K>(name: string, key: Layout<K>, max: number, share: U32 | null): RateLimiter<K> => {
  const buckets = map.lruHash({ name, key, value: struct({ tokens: u64, at: u64 }), max });
  return {
    allow(of, limit, cost = 1n) {
      const now = clock("coarse");
      const whole: U64 = limit.burst * TOKEN;
      const part = shareAt(share);
      const full: U64 = partOf(whole, part);
      const price: U64 = cost * TOKEN;
      const bucket = buckets.get(of);
      if (bucket === null) {
        if (price > full) return false;
        buckets.set(of, { tokens: full - price, at: now });
        return true;
      }
      let tokens: U64 = bucket.tokens;
      const filled: U64 = bucket.at;
      // The clock stands still for some milliseconds: most packets of a source that sends many find nothing to refill.
      if (now > filled) {
        tokens += partOf(refill(now - filled, limit.perSecond, whole), part);
        bucket.at = now;
      }
      if (tokens > full) tokens = full;
      if (tokens < price) {
        bucket.tokens = tokens;
        return false;
      }
      bucket.tokens = tokens - price;
      return true;
    },
  };
};
