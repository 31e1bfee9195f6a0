/**
 * What must hold of a table at rest, told by its bytes: an independent reading of its layout. Hash and sequence are computed
 * here anew, from their definitions.
 */
import { expect } from "vitest";

export interface DumpedWay {
  readonly key: readonly bigint[];
  readonly until: number;
  readonly serial: number;
  readonly directory: number;
  readonly value: bigint;
}

const MASK = (1n << 64n) - 1n;

/** MULTILINEAR-HM over 32-bit words, its high half. */
export function hashOf(key: readonly bigint[], seed: readonly bigint[]): number {
  const words = key.flatMap((word) => [word & 0xffff_ffffn, word >> 32n]);
  const products = words.flatMap((word, i) =>
    i % 2 === 0 ? [((seed[i + 1] as bigint) + word) * ((seed[i + 2] as bigint) + (words[i + 1] as bigint))] : [],
  );
  return Number((products.reduce((sum, one) => sum + one, seed[0] as bigint) & MASK) >> 32n);
}

/** The first ways of the 48 regions in which a key may stand. */
export function regionsOf(hash: number, ways: number): number[] {
  const home = hash & (ways - 1);
  const pages = ways / 64;
  const stripes = Math.min(64, Math.max(1, pages / 16));
  const others = (pages - 1) & ~(stripes - 1);
  const spread = (BigInt(hash) * 0x9e37_79b9_7f4a_7c15n) & MASK;
  const first = home >>> 6;
  const page = [32n, 42n].map((shift) => (first ^ (Number((spread >> shift) & 0xffff_ffffn) & others)) >>> 0);
  const inPage = (home >>> 2) & 15;
  return [0, 1, 2, 3, 4, 5, 6, 7].flatMap((turn) =>
    [first, ...page].flatMap((number) => [0, 1].map((step) => number * 64 + ((inPage + turn * 2 + step) & 15) * 4)),
  );
}

/** Every key that was ever added and not removed stands once, where a search comes by. @returns the ways that hold one */
export function checkTable(ways: readonly DumpedWay[], seed: readonly bigint[], contended = false): number[] {
  const expected = ways.map(() => ({ low: 0, passed: 0 }));
  const holding: number[] = [];
  const seen = new Set<string>();
  ways.forEach((way, index) => {
    expect(way.serial % 2, `way ${index} is being written`).toBe(0);
    const hash = hashOf(way.key, seed);
    const directory = ways[(index & ~3) + (hash & 3)] as DumpedWay;
    if ((directory.directory & (1 << (index & 3))) === 0) return;
    const name = way.key.join();
    expect(seen.has(name), `key ${name} stands twice`).toBe(false);
    seen.add(name);
    holding.push(index);
    const regions = regionsOf(hash, ways.length);
    const place = regions.indexOf(index & ~3);
    expect(place, `key ${name} in way ${index} is out of its sequence`).not.toBe(-1);
    (expected[(index & ~3) + (hash & 3)] as { low: number }).low |= 1 << (index & 3);
    for (const region of regions.slice(0, place)) (expected[region + (hash & 3)] as { passed: number }).passed++;
  });
  expect(ways.map(({ directory }) => directory & 15)).toEqual(expected.map(({ low }) => low));
  ways.forEach(({ directory }, index) => {
    const { passed } = expected[index] as { passed: number };
    const counted = directory >> 4;
    // Too few would hide a key; too many cost time. Where a lock was held all the time, a key is not counted out.
    if (contended) expect(counted, `keys that passed way ${index}`).toBeGreaterThanOrEqual(Math.min(passed, 15));
    // A count that was 15 once stays.
    else if (counted !== 15) expect(counted, `keys that passed way ${index}`).toBe(passed);
  });
  return holding;
}
