/** Seeded random numbers for tests: the same seed gives the same numbers on every machine (xoshiro128**, seeded by splitmix32). */

export interface Random {
  readonly seed: number;
  /** 0 to 2^32 - 1. */
  u32(): number;
  /** 0 to 2^64 - 1. */
  u64(): bigint;
  /** 0 to `limit` - 1; `limit` from 1 to 2^32. */
  below(limit: number): number;
  /** `from` to `to`, both included. */
  between(from: number, to: number): number;
  /** True with this probability (0 to 1). */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Picks by relative weight: `[[8, "often"], [1, "rarely"]]`. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** A permutation; the given array stays as it is. */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent generator: what is drawn from it does not move this one. */
  fork(): Random;
}

const rotateLeft = (value: number, by: number): number => ((value << by) | (value >>> (32 - by))) >>> 0;

/** Spreads one seed over the four words of state, so that neighbouring seeds give unrelated sequences. */
function splitmix(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

export function random(seed: number): Random {
  const word = splitmix(seed);
  let [a, b, c, d] = [word(), word(), word(), word()] as [number, number, number, number];

  const u32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5) >>> 0, 7), 9) >>> 0;
    const shifted = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ shifted) >>> 0;
    d = rotateLeft(d, 11);
    return result;
  };
  const below = (limit: number): number => {
    if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32)
      throw new RangeError(`below(${limit}): expected 1 to 2^32`);
    return Math.floor((u32() / 2 ** 32) * limit);
  };
  const pick = <T>(items: readonly T[]): T => {
    if (items.length === 0) throw new RangeError("pick: nothing to pick from");
    return items[below(items.length)] as T;
  };

  return {
    seed,
    u32,
    below,
    pick,
    u64: () => (BigInt(u32()) << 32n) | BigInt(u32()),
    between: (from, to) => from + below(to - from + 1),
    chance: (probability) => u32() / 2 ** 32 < probability,
    weighted(items) {
      const total = items.reduce((sum, [weight]) => sum + weight, 0);
      let left = (u32() / 2 ** 32) * total;
      for (const [weight, item] of items) {
        left -= weight;
        if (left < 0) return item;
      }
      return pick(items)[1];
    },
    bytes: (length) => Uint8Array.from({ length }, () => u32() >>> 24),
    shuffle(items) {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [out[i], out[j]] = [out[j] as (typeof out)[number], out[i] as (typeof out)[number]];
      }
      return out;
    },
    fork: () => random(u32()),
  };
}
