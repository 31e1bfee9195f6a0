import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { createMap, type LoadedObject, load, testRun, typedMap } from "../../runtime/index.ts";
import { kernelIds } from "../../runtime/loader/information.ts";
import { possibleCpus } from "../../runtime/loader/map-handle.ts";
import { ipv4, struct, u16, u32, u64 } from "../../sdk/layout/layouts.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { gone } from "./descriptors.ts";
import { fixture, frame, runTimes } from "./fixtures.ts";

const rule = struct({ from: u16, to: u16, hits: u64 });
const prefix = struct({ prefixLength: u32, address: ipv4 });

const described = <const K extends MapData["kind"]>(
  name: string,
  kind: K,
  rest: Partial<Omit<MapData, "kind" | "name">> = {},
): MapData & { readonly kind: K } => ({
  name,
  kind,
  key: u32.layout,
  value: u32.layout,
  maxEntries: 8,
  flags: 0,
  extra: 0,
  inner: null,
  ...rest,
});

let object: LoadedObject;
beforeAll(async () => {
  object = await load(fixture("maps"));
});
afterAll(() => object.close());

const hashOf = (name: string) =>
  typedMap(object.map(name), described(name, "hash", { value: rule.layout }), { key: u32, value: rule });

test("a hash: read, write, only new, only existing, delete", () => {
  const map = hashOf("hash");
  const one = { from: 1, to: 2, hits: 3n };
  expect(map.get(7)).toBeNull();
  expect(map.set(7, one, "existing")).toBe(false);
  expect(map.set(7, one, "new")).toBe(true);
  expect(map.set(7, { ...one, hits: 9n }, "new")).toBe(false);
  expect(map.get(7)).toEqual(one);
  expect(map.set(7, { ...one, hits: 2n ** 63n })).toBe(true);
  expect(map.get(7)?.hits).toBe(2n ** 63n);
  expect([...map]).toEqual([[7, { ...one, hits: 2n ** 63n }]]);
  expect(map.delete(7)).toBe(true);
  expect(map.delete(7)).toBe(false);
  expect(map.has(7)).toBe(false);
});

test("thousands of entries in batches, and one too many", () => {
  const map = hashOf("hash");
  map.setMany(
    Array.from({ length: 10_000 }, (_, key) => [key, { from: key % 100, to: 0, hits: BigInt(key) }] as const),
  );
  const all = new Map(map.entries());
  expect(all.size).toBe(10_000);
  expect(all.get(9_999)?.hits).toBe(9_999n);
  expect(() => map.set(10_000, { from: 0, to: 0, hits: 0n })).toThrow("ZT4021");
  expect(() => map.setMany([[10_001, { from: 0, to: 0, hits: 0n }]])).toThrow("at most 10000 entries");
  // Every second key is not there: batches stop at each of them and must go on.
  expect(map.deleteMany(Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? index : 50_000 + index)))).toBe(
    100,
  );
  expect(map.count()).toBe(9_900);
  map.clear();
  expect([...map.keys()]).toEqual([]);
});

test("an array has every slot from the start and none beyond", () => {
  const map = typedMap(object.map("array"), described("array", "array", { value: rule.layout }), {
    key: u32,
    value: rule,
  });
  expect(map.get(3)).toEqual({ from: 0, to: 0, hits: 0n });
  expect(map.get(4)).toBeNull();
  map.set(2, { from: 5, to: 6, hits: 7n });
  expect([...map.values()][2]).toEqual({ from: 5, to: 6, hits: 7n });
  expect(() => map.delete(2)).toThrow("ZT4017");
});

test.each(["cpu_hash", "cpu_lru", "counters"])("%s holds one value for each CPU", (name) => {
  const kinds = { cpu_hash: "perCpuHash", cpu_lru: "perCpuLruHash", counters: "perCpuArray" } as const;
  const data = described(name, kinds[name as keyof typeof kinds], { value: u64.layout });
  const map = typedMap(object.map(name), data, { key: u32, value: u64 });
  const values = Array.from({ length: possibleCpus() }, (_, cpu) => BigInt(cpu) + 2n ** 40n);
  map.set(2, values);
  expect(map.get(2)).toEqual(values);
  map.setMany([[3, values.map((value) => value + 1n)]]);
  expect(new Map(map.entries()).get(3)).toEqual(values.map((value) => value + 1n));
  expect(() => map.set(2, [])).toThrow("one for each of");
});

test("a program's counts are seen per CPU", () => {
  const map = typedMap(object.map("counters"), described("counters", "perCpuArray", { value: u64.layout }), {
    key: u32,
    value: u64,
  });
  const sum = () => (map.get(1) ?? []).reduce((total, value) => total + value, 0n);
  const before = sum();
  runTimes(object.program("count"), 1000);
  expect(sum() - before).toBe(1000n);
});

describe("prefixes", () => {
  const data = described("prefixes", "lpm", { key: prefix.layout, flags: 1, maxEntries: 16 });
  const open = () => typedMap(object.map("prefixes"), data, { key: prefix, value: u32 });

  test("the longest match wins, by text or by fields", () => {
    const map = open();
    map.setMany([
      ["10.0.0.0/8", 8],
      ["10.1.2.3/16", 16],
      [{ prefixLength: 0, address: 0 }, 0],
    ]);
    expect(map.get("10.1.9.9/32")).toBe(16);
    expect(map.get("10.2.0.0/32")).toBe(8);
    expect(map.get("192.0.2.1/32")).toBe(0);
    const keys = [...map.keys()].map((key) => `${key.address.toString(16)}/${key.prefixLength}`);
    expect(keys.sort()).toEqual(["0/0", "a000000/8", "a010000/16"]);
    expect(map.delete("10.1.0.0/16")).toBe(true);
    expect(map.get("10.1.9.9/32")).toBe(8);
    map.clear();
    expect(map.count()).toBe(0);
  });

  test.each(["10.0.0.0/33", "10.0.0/8", "10.0.0.0/8/8", "::/0", "10.0.0.0/-1", "10.0.0.0/x"])(
    "'%s' is refused",
    (text) => {
      expect(() => open().get(text as `${string}/${number}`)).toThrow("ZT4016");
    },
  );
});

test("queues and stacks: order, room, and making room", () => {
  const queue = typedMap(object.map("queue"), described("queue", "queue", { key: null, value: rule.layout }), {
    value: rule,
  });
  const value = (from: number) => ({ from, to: 0, hits: 0n });
  expect(queue.pop()).toBeNull();
  expect([queue.push(value(1)), queue.push(value(2)), queue.push(value(3))]).toEqual([true, true, false]);
  expect(queue.push(value(4), { replaceOldest: true })).toBe(true);
  expect([queue.peek()?.from, queue.pop()?.from, queue.pop()?.from, queue.peek()]).toEqual([2, 2, 4, null]);
  const stack = typedMap(object.map("stack"), described("stack", "stack", { key: null }), { value: u32 });
  stack.push(1);
  stack.push(2);
  expect([stack.pop(), stack.pop(), stack.pop()]).toEqual([2, 1, null]);
});

test("a bloom filter never forgets what was added", () => {
  const bloom = typedMap(object.map("bloom"), described("bloom", "bloom", { key: null }), { value: u32 });
  expect(bloom.has(42)).toBe(false);
  bloom.add(42);
  expect(bloom.has(42)).toBe(true);
});

test("device maps take interfaces that are there", () => {
  for (const name of ["devices", "device_hash"] as const) {
    const map = typedMap(object.map(name), described(name, name === "devices" ? "devmap" : "devmapHash"), {
      key: u32,
      value: u32,
    });
    map.set(1, 1);
    expect(map.get(1)).toBe(1);
    expect(() => map.set(2, 99_999)).toThrow("ZT4017");
    expect([...map.keys()].filter((key) => map.has(key))).toEqual([1]);
    expect(map.delete(1)).toBe(true);
  }
  const cpus = typedMap(object.map("cpus"), described("cpus", "cpumap"), { key: u32, value: u32 });
  cpus.set(0, 128);
  expect(cpus.get(0)).toBe(128);
});

test("a whole inner table is swapped under a program", async () => {
  const inner = described("table", "hash", { maxEntries: 16 });
  const tables = typedMap(
    object.map("tables"),
    { ...described("tables", "arrayOfMaps", { maxEntries: 2 }), inner },
    { key: u32, inner: { key: u32, value: u32 } },
  );
  const verdict = () => testRun(object.program("count"), { packet: frame() }).action;
  const fill = (action: number) => tables.swap(0, (table) => table.setMany([[0, action]]));
  expect(verdict()).toBe(0);
  fill(3);
  expect(verdict()).toBe(3);
  const first = tables.get(0);
  fill(2);
  expect(verdict()).toBe(2);
  await gone("map", [first ?? -1]);
  const opened = await tables.open(0);
  expect(opened?.get(0)).toBe(2);
  opened?.handle.close();
  const before = kernelIds("map").length;
  expect(() =>
    tables.swap(0, () => {
      throw new Error("no rules");
    }),
  ).toThrow("no rules");
  expect(verdict()).toBe(2);
  await expect.poll(() => kernelIds("map").length).toBe(before);
  const last = tables.get(0);
  expect(tables.delete(0)).toBe(true);
  await gone("map", [last ?? -1]);
  expect(verdict()).toBe(0);
});

test("the types follow from the description", () => {
  const map = typedMap(object.map("hash"), described("hash", "hash", { value: rule.layout }), {
    key: u32,
    value: rule,
  });
  expectTypeOf(map.get).returns.toEqualTypeOf<{ from: u16; to: u16; hits: u64 } | null>();
  expectTypeOf(map.get).parameter(0).toEqualTypeOf<u32>();
  const counters = described("counters", "perCpuArray", { value: u64.layout });
  expectTypeOf(typedMap(object.map("counters"), counters, { key: u32, value: u64 }).get).returns.toEqualTypeOf<
    readonly u64[] | null
  >();
  const unknown: MapData = counters;
  const any = typedMap(object.map("counters"), unknown);
  expect(any.kind).toBe("perCpuArray");
  if (any.kind === "queue") expectTypeOf(any.push).toBeFunction();
  if (any.kind === "perCpuArray") expect(any.get(0)).toHaveLength(possibleCpus());
});

test("a description that does not fit the map is refused", () => {
  expect(() => typedMap(object.map("hash"), described("hash", "hash"))).toThrow("ZT4009");
  expect(() => typedMap(object.map("hash"), described("hash", "lruHash", { value: rule.layout }))).toThrow("ZT4009");
  expect(() => hashOf("hash").set(1, { from: 65_536, to: 0, hits: 0n })).toThrow(/hash.*from/);
});

test("a map can be made without an object, and given to one", async () => {
  const handle = await createMap(described("mine", "hash", { value: rule.layout, maxEntries: 10_000 }));
  try {
    const sharing = await load(fixture("maps"), { maps: { hash: handle } });
    expect(sharing.map("hash").id).toBe(handle.id);
    sharing.close();
    const other = await createMap(described("other", "hash"));
    await expect(load(fixture("maps"), { maps: { hash: other } })).rejects.toMatchObject({ code: "ZT4009" });
    other.close();
  } finally {
    handle.close();
  }
});
