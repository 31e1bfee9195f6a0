/**
 * Maglev tables (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4):
 * every choice has its own permutation of the slots, and takes its next free one in turn, as often as its weight says.
 * The same choices give the same table on every node, in whatever order they are written.
 */

export interface WeightedChoice {
  /** Its encoded form: what the permutation follows from. */
  readonly bytes: Uint8Array;
  /** Turns relative to the others'; a choice of weight 0 gets no slot. */
  readonly weight: number;
}

/** Two multipliers and seeds make two hashes that have nothing to do with each other. */
const hashOf = (bytes: Uint8Array, seed: number, multiplier: number): number => {
  let hash = seed;
  for (const byte of bytes) {
    hash = Math.imul(hash ^ byte, multiplier);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb_352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846c_a68b);
  return (hash ^ (hash >>> 16)) >>> 0;
};

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Walks one choice's permutation of the slots: offset, then ever `skip` further. */
interface Walker {
  readonly index: number;
  readonly skip: number;
  readonly weight: number;
  next: number;
  /** Slots taken, in units of the greatest weight: who lags behind its weight takes next. */
  due: number;
}

/**
 * The index of the choice (in the order given) for each of `size` slots; null without a choice that has weight.
 * `size` is prime, so that every skip visits every slot.
 */
export function maglevTable(choices: readonly WeightedChoice[], size: number): Int32Array | null {
  const weighted = choices.map((choice, index) => ({ ...choice, index })).filter(({ weight }) => weight > 0);
  if (weighted.length === 0) return null;
  weighted.sort((a, b) => compareBytes(a.bytes, b.bytes));
  const greatest = Math.max(...weighted.map(({ weight }) => weight));
  const walkers: Walker[] = weighted.map(({ bytes, weight, index }) => ({
    index,
    weight,
    next: hashOf(bytes, 0x9e37_79b9, 0x0100_0193) % size,
    skip: (hashOf(bytes, 0x85eb_ca6b, 0x5bd1_e995) % (size - 1)) + 1,
    due: 0,
  }));
  const table = new Int32Array(size).fill(-1);
  let filled = 0;
  for (let round = 1; ; round++) {
    for (const walker of walkers) {
      if (walker.due + greatest > round * walker.weight) continue;
      walker.due += greatest;
      while (table[walker.next] !== -1) walker.next = (walker.next + walker.skip) % size;
      table[walker.next] = walker.index;
      filled += 1;
      if (filled === size) return table;
    }
  }
}
