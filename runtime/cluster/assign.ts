/**
 * Which chain keeps which bucket: by Maglev's rule (Eisenbud et al., NSDI 2016, section 3.4), in which chains take buckets in turn,
 * each by its own permutation. But for a bucket that has a chain already: it stays, unless its chain has more than its share or
 * goes. So the fewest move, and all chains have the same share, but for one.
 */
import { BUCKETS } from "./buckets.ts";

const mixed = (value: number): number => {
  let mix = Math.imul(value ^ (value >>> 16), 0x7feb_352d);
  mix = Math.imul(mix ^ (mix >>> 15), 0x846c_a68b);
  return (mix ^ (mix >>> 16)) >>> 0;
};

/** A chain's permutation of the buckets: any odd step visits all of them, since their number is a power of two. */
const preference = (id: number): ((turn: number) => number) => {
  const start = mixed(id + 1) % BUCKETS;
  const step = (mixed((id + 1) ^ 0x5bd1_e995) % BUCKETS) | 1;
  return (turn) => (start + turn * step) % BUCKETS;
};

/**
 * The chain of each bucket. `before` gives where buckets are now, if anywhere. Without it, all is assigned anew.
 * At least one chain is needed.
 */
export function assignBuckets(ids: readonly number[], before: readonly number[] = []): readonly number[] {
  const order = [...ids].sort((a, b) => a - b);
  const held = new Map(order.map((id) => [id, 0]));
  for (const id of before) if (held.has(id)) held.set(id, (held.get(id) ?? 0) + 1);
  // Those that hold most keep the remainder.
  const least = Math.floor(BUCKETS / order.length);
  const more = new Set(
    [...order].sort((a, b) => (held.get(b) ?? 0) - (held.get(a) ?? 0)).slice(0, BUCKETS % order.length),
  );
  const share = (id: number): number => least + (more.has(id) ? 1 : 0);

  const taken = new Map(order.map((id) => [id, 0]));
  const table = new Array<number>(BUCKETS).fill(-1);
  // Of a chain that has too many, those stay that it prefers.
  for (const id of order) {
    const nth = preference(id);
    for (let turn = 0; turn < BUCKETS && (taken.get(id) ?? 0) < share(id); turn++) {
      const bucket = nth(turn);
      if (before[bucket] !== id) continue;
      table[bucket] = id;
      taken.set(id, (taken.get(id) ?? 0) + 1);
    }
  }
  const walkers = order.map((id) => ({ id, nth: preference(id), turn: 0 }));
  for (let free = table.filter((id) => id === -1).length; free > 0; ) {
    for (const walker of walkers) {
      if (free === 0 || (taken.get(walker.id) ?? 0) >= share(walker.id)) continue;
      while (table[walker.nth(walker.turn)] !== -1) walker.turn += 1;
      table[walker.nth(walker.turn)] = walker.id;
      taken.set(walker.id, (taken.get(walker.id) ?? 0) + 1);
      free -= 1;
    }
  }
  return table;
}
