import { describe, expect, test } from "vitest";
import { assignBuckets } from "../../runtime/cluster/assign.ts";
import {
  BUCKETS,
  bucketOf,
  bucketOfBoth,
  hashAddress,
  PORTS_OF_A_BUCKET,
  portOf,
} from "../../runtime/cluster/buckets.ts";
import { random } from "../kit/random.ts";

const from = random(16);
const address = (): bigint =>
  from.chance(0.5) ? 0xffff_0000_0000n | BigInt(from.u32()) : (from.u64() << 64n) | from.u64();

test("β and its inverse agree, for every port of an address", () => {
  for (let trial = 0; trial < 4; trial++) {
    const of = address();
    const ports = new Set<number>();
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      for (let nth = 0; nth < PORTS_OF_A_BUCKET; nth++) {
        const port = portOf(of, bucket, nth);
        if (bucketOf(of, port) !== bucket) expect(bucketOf(of, port)).toBe(bucket);
        ports.add(port);
      }
    expect(ports.size).toBe(65_536);
  }
});

test("a flow without translation has one bucket, seen from either side", () => {
  for (let trial = 0; trial < 200; trial++) {
    const [a, b] = [bucketOf(address(), from.below(65_536)), bucketOf(address(), from.below(65_536))];
    expect(bucketOfBoth(a, b)).toBe(bucketOfBoth(b, a));
    expect(bucketOfBoth(a, b)).toBeLessThan(BUCKETS);
  }
});

test("the hash is that of bpf-lib/flow/hash.ts, written down a second time", () => {
  // ::ffff:10.0.0.1
  const m = (1n << 64n) - 1n;
  const folded = 0xffff_0a00_0001n & m;
  const mixed = (folded * 0xbf58_476d_1ce4_e5b9n) & m;
  const high = (((mixed ^ (mixed >> 29n)) * 0x9e37_79b9_7f4a_7c15n) & m) >> 32n;
  expect(hashAddress(0xffff_0a00_0001n)).toBe(Number(high));
});

/** The greatest share of any, over the mean. */
function unevenness(counts: Iterable<number>): number {
  const all = [...counts];
  return Math.max(...all) / (all.reduce((sum, one) => sum + one, 0) / all.length);
}

describe("balance over chains", () => {
  test.each([2, 3, 7, 16])("of %i: clients with any ports, and clients that count theirs up", (chains) => {
    const keepers = assignBuckets(Array.from({ length: chains }, (_, id) => id));
    const anywhere = new Array<number>(chains).fill(0);
    const counted = new Array<number>(chains).fill(0);
    for (let client = 0; client < 400; client++) {
      const of = 0xffff_0a00_0000n | BigInt(client);
      for (let flow = 0; flow < 100; flow++) {
        const [a, b] = [keepers[bucketOf(of, from.below(65_536))] ?? 0, keepers[bucketOf(of, 32_768 + flow)] ?? 0];
        anywhere[a] = (anywhere[a] ?? 0) + 1;
        counted[b] = (counted[b] ?? 0) + 1;
      }
    }
    // 40 000 flows: the share of one of 16 strays by 2 % (one sigma) when they fall by chance.
    expect(unevenness(anywhere)).toBeLessThan(1.08);
    expect(unevenness(counted)).toBeLessThan(1.08);
  });
});

describe("buckets are given to chains", () => {
  const ids = (chains: number) => Array.from({ length: chains }, (_, id) => id);
  const shares = (table: readonly number[], of: readonly number[]) =>
    of.map((id) => table.filter((one) => one === id).length);

  test.each([1, 2, 3, 10, 100, 341])("in equal shares, but for one: %i chains", (chains) => {
    const counts = shares(assignBuckets(ids(chains)), ids(chains));
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  test.each([1, 2, 5, 31])("when one is added to %i, only what it gets moves", (chains) => {
    const before = assignBuckets(ids(chains));
    const after = assignBuckets(ids(chains + 1), before);
    const moved = after.filter((id, bucket) => id !== before[bucket]);
    expect(new Set(moved)).toEqual(new Set([chains]));
    expect(moved.length).toBeLessThanOrEqual(Math.ceil(BUCKETS / (chains + 1)));
  });

  test.each([2, 3, 6, 32])("when one of %i goes, only what it had moves, evenly", (chains) => {
    const before = assignBuckets(ids(chains));
    const rest = ids(chains).filter((id) => id !== 1);
    const after = assignBuckets(rest, before);
    expect(after.every((id, bucket) => before[bucket] === 1 || id === before[bucket])).toBe(true);
    const counts = shares(after, rest);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  test("the same wherever it is worked out, in whatever order chains are named", () => {
    expect(assignBuckets([4, 2, 9])).toEqual(assignBuckets([9, 4, 2]));
  });
});
