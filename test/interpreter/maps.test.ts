import { describe, expect, test } from "vitest";
import { createMachine, type InterpretedMap, InterpreterFault, makeMap } from "../../compiler/interpreter/index.ts";
import { Kernel } from "../../compiler/interpreter/kernel/kernel.ts";
import { KeyTable } from "../../compiler/interpreter/maps/key-table.ts";
import type { MapBase } from "../../compiler/interpreter/maps/map.ts";
import type { MapData, MapKind } from "../../sdk/maps/data.ts";
import { type BlockBuilder, bytes, ModuleBuilder, scalar, staticMap, structure, u32, u64 } from "../kit/ir.ts";
import { seeded } from "./seeded.ts";

const E = {
  ENOENT: -2,
  E2BIG: -7,
  EEXIST: -17,
  ENODEV: -19,
  EINVAL: -22,
  ENOSPC: -28,
  EOVERFLOW: -75,
  EOPNOTSUPP: -95,
};
const word = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);
const wide = (...values: (number | bigint)[]): Uint8Array =>
  new Uint8Array(new BigUint64Array(values.map(BigInt)).buffer);
const shape = (kind: MapKind, more: Partial<MapData> = {}): MapData => ({
  name: kind,
  kind,
  key: scalar("u32"),
  value: scalar("u64"),
  maxEntries: 4,
  flags: 0,
  extra: 0,
  inner: null,
  ...more,
});
const made = (kind: MapKind, more: Partial<MapData> = {}, kernel = new Kernel({ cpus: 2 })): InterpretedMap =>
  makeMap(shape(kind, more), kernel);
const sorted = (map: InterpretedMap) =>
  map
    .entries()
    .map(([key, value]) => `${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("hex")}`)
    .sort();

describe("arrays", () => {
  test("have zeros at every index below their size, and no more", () => {
    const map = made("array", { maxEntries: 1000 });
    expect(map.lookup(word(999))).toEqual(wide(0));
    expect(map.lookup(word(1000))).toBeNull();
    expect(map.update(word(999), wide(5))).toBe(0);
    expect(map.lookup(word(999))).toEqual(wide(5));
    expect(map.entries().length).toBe(1000);
    expect(map.delete(word(0))).toBe(E.EINVAL);
  });

  test("a value lies apart from its neighbours", () => {
    const module = new ModuleBuilder("arrays");
    module.map(shape("array"));
    module.program("main", (to) => {
      const key = to.slot(bytes(4));
      to.store(u32(1), 4, key);
      const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
      to.return(to.load("u32", 4, found, 8));
    });
    expect(() => createMachine(module.build()).run("main", new Uint8Array(0))).toThrow(InterpreterFault);
  });
});

describe("hashes", () => {
  test("agree with a plain map through thousands of random steps", () => {
    const map = made("hash", { maxEntries: 100, key: bytes(7) });
    const model = new Map<string, Uint8Array>();
    const random = seeded(11);
    for (let step = 0; step < 20_000; step++) {
      const key = Uint8Array.of(random(160), 1, 2, 3, 4, 5, 6);
      const id = String(key);
      if (random(3) === 0) {
        expect(map.delete(key)).toBe(model.delete(id) ? 0 : E.ENOENT);
      } else {
        const flags = random(3);
        const refusal = model.has(id)
          ? flags === 1
            ? E.EEXIST
            : 0
          : flags === 2
            ? E.ENOENT
            : model.size >= 100
              ? E.E2BIG
              : 0;
        expect(map.update(key, wide(step), flags)).toBe(refusal);
        if (refusal === 0) model.set(id, wide(step));
      }
      expect(map.lookup(key)).toEqual(model.get(id) ?? null);
    }
    expect(map.entries().length).toBe(model.size);
  });

  test("refuse keys and values of another size", () => {
    const map = made("hash");
    expect(() => map.update(new Uint8Array(3), wide(1))).toThrow(RangeError);
    expect(() => map.update(word(1), word(1))).toThrow(RangeError);
  });

  test("an update puts a new value in place; an alias of the old one does not follow", () => {
    const module = new ModuleBuilder("alias");
    module.map(shape("hash"));
    module.program("main", (to) => {
      const [key, value] = [to.slot(bytes(4)), to.slot(bytes(8))];
      to.store(u32(1), 4, key);
      const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
      to.store(u64(9), 8, value);
      to.effect({ op: "mapUpdate", map: staticMap(0), key, value, flags: u64(0) });
      to.return(to.load("u32", 4, found));
    });
    const machine = createMachine(module.build());
    machine.maps.hash?.update(word(1), wide(5));
    expect(machine.run("main", new Uint8Array(0)).action).toBe(5);
    expect(machine.maps.hash?.lookup(word(1))).toEqual(wide(9));
  });

  test.each(["lruHash", "perCpuLruHash"] as const)("%s never fills: it forgets what was not used", (kind) => {
    const module = new ModuleBuilder("lru");
    module.map(shape(kind, { maxEntries: 3 }));
    module.program("touch", (to) => {
      const key = to.slot(bytes(4));
      to.store(u32(0), 4, key);
      to.effect({ op: "mapLookup", map: staticMap(0), key });
      to.return(u32(0));
    });
    const machine = createMachine(module.build());
    const map = machine.maps[kind] as InterpretedMap;
    for (let i = 0; i < 3; i++) expect(map.update(word(i), wide(i))).toBe(0);
    machine.run("touch", new Uint8Array(0));
    expect(map.update(word(3), wide(3))).toBe(0);
    expect(map.entries().length).toBe(3);
    expect([map.lookup(word(0)), map.lookup(word(3))]).toEqual([wide(0), wide(3)]);
    expect(map.update(word(9), wide(9), 2)).toBe(E.ENOENT);
  });

  test("an LRU map in which everything was used forgets something all the same", () => {
    const map = made("lruHash", { maxEntries: 3 });
    const program = map as MapBase;
    for (let i = 0; i < 10; i++) {
      expect(map.update(word(i), wide(i))).toBe(0);
      for (let key = 0; key <= i; key++) program.find(new DataView(word(key).buffer), 0);
    }
    expect(map.entries().length).toBe(3);
  });

  test("a new per-CPU key has zeros on the other CPUs, whatever stood in its memory", () => {
    const kernel = new Kernel({ cpus: 2 });
    const map = made("perCpuHash", {}, kernel) as MapBase;
    map.update(word(1), wide(5, 6));
    map.delete(word(1));
    kernel.cpu = 1;
    expect(map.put(new DataView(word(2).buffer), 0, new DataView(wide(7).buffer), 0, 0)).toBe(0);
    expect(map.lookup(word(2))).toEqual(wide(0, 7));
  });

  test("a table keeps keys of any size apart", () => {
    for (const size of [0, 1, 3, 4, 5, 16, 40]) {
      const table = new KeyTable(size);
      const count = size === 0 ? 1 : 100;
      const keys = Array.from(
        { length: count },
        (_, i) => new DataView(new Uint8Array(size).fill(0).map((_, at) => (at === size - 1 ? i : 7)).buffer),
      );
      const slots = keys.map((key) => table.add(key, 0));
      expect(keys.map((key) => table.find(key, 0))).toEqual(slots);
      table.remove(slots[0] as number);
      expect(table.find(keys[0] as DataView, 0)).toBe(-1);
      expect(keys.slice(1).map((key) => table.find(key, 0))).toEqual(slots.slice(1));
    }
  });
});

/** Adds one to the u64 under key 1, making it when it is absent. */
function counting(to: BlockBuilder): void {
  const [key, value] = [to.slot(bytes(4)), to.slot(bytes(16))];
  to.zero(value, 0, 16);
  to.store(u32(1), 4, key);
  const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
  to.if(
    to.let("bool", { op: "isNull", a: found }),
    () => {
      to.store(u64(1), 8, value);
      to.effect({ op: "mapUpdate", map: staticMap(0), key, value, flags: u64(0) });
    },
    () => to.store(to.binary("add", "u64", to.load("u64", 8, found), u64(1)), 8, found),
  );
  to.return(to.let("u32", { op: "cpu" }));
}

describe.each(["perCpuArray", "perCpuHash"] as const)("%s", (kind) => {
  test("programs see their CPU's value, user space all of them", () => {
    const module = new ModuleBuilder("percpu");
    module.map(shape(kind, { value: structure({ count: scalar("u64"), flag: scalar("u8") }) }));
    module.map(shape(kind, { name: "narrow", value: scalar("u32") }));
    module.program("main", counting);
    const machine = createMachine(module.build(), { cpus: 2 });
    const actions = [0, 1, 1].map((cpu) => {
      machine.kernel.cpu = cpu;
      return machine.run("main", new Uint8Array(0)).action;
    });
    expect(actions).toEqual([0, 1, 1]);
    const count = (lookup: Uint8Array | null | undefined) => [
      ...new BigUint64Array((lookup as Uint8Array).slice().buffer),
    ];
    expect(count(machine.maps[kind]?.lookup(word(1)))).toEqual([1n, 0n, 2n, 0n]);
    const narrow = machine.maps.narrow as InterpretedMap;
    expect(narrow.valueBytes).toBe(16);
    expect(narrow.update(word(1), wide(0xffff_ffff_0000_0007n, 8))).toBe(0);
    expect(narrow.lookup(word(1))).toEqual(wide(7, 8));
  });
});

describe("longest-prefix match", () => {
  const key = (length: number, address: number): Uint8Array => {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setUint32(0, length, true);
    new DataView(out.buffer).setUint32(4, address, false);
    return out;
  };
  const lpm = (maxEntries: number) =>
    made("lpm", { key: structure({ prefixLength: scalar("u32"), bits: bytes(4) }), maxEntries });
  const mask = (length: number) => (length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0);

  test("agrees with a search of all prefixes, through insertions and deletions", () => {
    const map = lpm(200);
    const model = new Map<string, { length: number; address: number; value: number }>();
    const random = seeded(5);
    const address = () => (random(8) * 2 ** 29 + random(4) * 2 ** 10 + random(4)) >>> 0;
    for (let step = 0; step < 5_000; step++) {
      const [length, at] = [random(33), address()];
      const id = `${length}/${(at & mask(length)) >>> 0}`;
      if (random(3) === 0) {
        expect(map.delete(key(length, at))).toBe(model.delete(id) ? 0 : E.ENOENT);
      } else {
        const refusal = !model.has(id) && model.size >= 200 ? E.ENOSPC : 0;
        expect(map.update(key(length, at), wide(step))).toBe(refusal);
        if (refusal === 0) model.set(id, { length, address: (at & mask(length)) >>> 0, value: step });
      }
      const asked = address();
      const limit = random(4) === 0 ? random(33) : 32;
      const matches = [...model.values()].filter(
        (one) => one.length <= limit && (asked & mask(one.length)) >>> 0 === one.address,
      );
      const best = matches.sort((a, b) => b.length - a.length)[0];
      expect(map.lookup(key(limit, asked))).toEqual(best === undefined ? null : wide(best.value));
    }
    expect(map.entries().length).toBe(model.size);
  });

  test("entries give keys as they were last written", () => {
    const map = lpm(4);
    map.update(key(8, 0x0a000000), wide(1));
    map.update(key(8, 0x0a630000), wide(2));
    expect(map.entries()).toEqual([[key(8, 0x0a630000), wide(2)]]);
  });
});

describe("maps of maps", () => {
  const inner = shape("hash", { name: "inner" });
  test.each(["arrayOfMaps", "hashOfMaps"] as const)("%s lead programs to the map that user space put in", (kind) => {
    const module = new ModuleBuilder("nested");
    const outer = module.map({ name: "outer", kind, key: scalar("u32"), value: scalar("u32"), maxEntries: 2, inner });
    module.program("main", (to) => {
      const key = to.slot(bytes(4));
      to.store(u32(1), 4, key);
      const map = to.let("map", { op: "mapInner", map: staticMap(outer), key });
      to.if(to.let("bool", { op: "isNull", a: map }), () => to.return(u32(99)));
      const found = to.let("pointer", { op: "mapLookup", map: { kind: "dynamic", map, shape: outer }, key });
      to.if(to.let("bool", { op: "isNull", a: found }), () => to.return(u32(98)));
      to.return(to.load("u32", 4, found));
    });
    const machine = createMachine(module.build());
    const map = machine.maps.outer as InterpretedMap;
    const run = () => machine.run("main", new Uint8Array(0)).action;
    const member = makeMap(inner, machine.kernel);
    expect(run()).toBe(99);
    expect(map.insert(word(1), makeMap(shape("array"), machine.kernel))).toBe(E.EINVAL);
    expect(map.insert(word(1), member)).toBe(0);
    expect(run()).toBe(98);
    member.update(word(1), wide(42));
    expect(run()).toBe(42);
    expect(map.entries().length).toBe(1);
    expect(map.lookup(word(1))?.length).toBe(4);
    expect(map.lookup(word(0))).toBeNull();
    expect([map.delete(word(1)), map.delete(word(1))]).toEqual([0, E.ENOENT]);
    expect(run()).toBe(99);
    expect(map.insert(word(0), member)).toBe(0);
    expect(map.insert(word(1), member)).toBe(0);
    expect(map.insert(word(2), member)).toBe(E.E2BIG);
  });
});

describe("maps of devices and CPUs", () => {
  test("devmap: any index below the size, interface 0 clears", () => {
    const map = made("devmap", { value: scalar("u32") }, new Kernel({ interfaces: new Set([1, 5]) }));
    expect([
      map.update(word(3), word(5)),
      map.update(word(4), word(5)),
      map.update(word(3), word(6)),
      map.update(word(3), word(5), 1),
    ]).toEqual([0, E.E2BIG, E.EINVAL, E.EEXIST]);
    expect(map.lookup(word(3))).toEqual(word(5));
    expect([map.update(word(3), word(0)), map.lookup(word(3)), map.delete(word(3)), map.delete(word(4))]).toEqual([
      0,
      null,
      0,
      E.EINVAL,
    ]);
  });

  test("devmap hash: any key up to the size", () => {
    const map = made("devmapHash", { value: scalar("u32"), maxEntries: 1 });
    expect([
      map.update(word(77), word(0)),
      map.update(word(77), word(5)),
      map.update(word(78), word(5)),
      map.update(word(77), word(6), 1),
    ]).toEqual([E.EINVAL, 0, E.E2BIG, E.EEXIST]);
    expect([map.delete(word(78)), map.delete(word(77))]).toEqual([E.ENOENT, 0]);
  });

  test("cpumap: possible CPUs only, with a queue", () => {
    const map = made("cpumap", { value: scalar("u32") });
    expect([
      map.update(word(1), word(192)),
      map.update(word(2), word(192)),
      map.update(word(4), word(1)),
      map.update(word(1), word(16_385)),
      map.update(word(1), word(1), 1),
    ]).toEqual([0, E.ENODEV, E.E2BIG, E.EOVERFLOW, E.EEXIST]);
    expect(map.lookup(word(1))).toEqual(word(192));
    expect([map.update(word(1), word(0)), map.lookup(word(1)), map.delete(word(1)), map.delete(word(4))]).toEqual([
      0,
      null,
      0,
      E.EINVAL,
    ]);
  });

  test("a redirect names the map, the key and what it found", () => {
    const module = new ModuleBuilder("redirect");
    const map = module.map(shape("devmap", { name: "ports", value: scalar("u32") }));
    module.program("map", (to) =>
      to.return(to.let("u32", { op: "redirectMap", map: staticMap(map), key: u32(2), flags: u64(1) })),
    );
    module.program("plain", (to) => to.return(to.let("u32", { op: "redirect", interface: u32(9), flags: u64(0) })));
    module.program("bare", (to) => to.return(u32(4)));
    const machine = createMachine(module.build());
    expect(machine.run("map", new Uint8Array(0))).toMatchObject({ action: 1, redirect: null });
    machine.maps.ports?.update(word(2), word(7));
    const found = { kind: "map", map: "ports", key: 2, value: word(7), flags: 0 };
    expect(machine.run("map", new Uint8Array(0))).toMatchObject({ action: 4, redirect: found });
    expect(machine.run("plain", new Uint8Array(0))).toMatchObject({
      action: 4,
      redirect: { kind: "interface", interface: 9 },
    });
    expect(machine.run("bare", new Uint8Array(0))).toMatchObject({ action: 4, redirect: null });
  });
});

describe("what user space cannot do", () => {
  test.each(["hash", "array", "lpm"] as const)("a %s is neither a queue nor a ring", (kind) => {
    const map = made(kind, kind === "lpm" ? { key: bytes(8) } : {});
    expect([map.push(wide(1)), map.pop(), map.peek(), map.records(), map.produce(wide(1))]).toEqual([
      E.EOPNOTSUPP,
      null,
      null,
      [],
      E.EOPNOTSUPP,
    ]);
    expect(map.insert(word(0), map)).toBe(E.EINVAL);
  });

  test("queues and stacks keep their order for user space too", () => {
    for (const [kind, order] of [
      ["queue", [1, 2]],
      ["stack", [2, 1]],
    ] as const) {
      const map = made(kind, { key: null, maxEntries: 2 });
      expect([map.push(wide(1)), map.push(wide(2)), map.push(wide(3))]).toEqual([0, 0, E.E2BIG]);
      expect(map.entries().map(([, value]) => value)).toEqual(order.map((value) => wide(value)));
      expect(map.peek()).toEqual(wide(order[0]));
      expect([map.pop(), map.pop(), map.pop()]).toEqual([wide(order[0]), wide(order[1]), null]);
    }
  });

  test("a long queue stays in order and within its memory", () => {
    const map = made("queue", { key: null, maxEntries: 10 });
    for (let i = 0; i < 1_000; i++) {
      map.push(wide(i), 2);
      if (i % 3 === 0) map.pop();
    }
    expect(map.entries().length).toBeLessThanOrEqual(10);
    expect(map.entries().at(-1)?.[1]).toEqual(wide(999));
  });
});

test("updates leave a spin lock alone, and user space sees it open", () => {
  const module = new ModuleBuilder("locks");
  const value = structure({ lock: { kind: "spinLock", size: 4, align: 4 }, count: scalar("u32") });
  module.map(shape("hash", { value }));
  module.program("main", (to) => {
    const key = to.slot(bytes(4));
    to.store(u32(1), 4, key);
    const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
    to.effect({ op: "lock", place: found, offset: 0 });
    to.store(to.binary("add", "u32", to.load("u32", 4, found, 4), u32(1)), 4, found, 4);
    to.effect({ op: "unlock", place: found, offset: 0 });
    to.return(u32(0));
  });
  const machine = createMachine(module.build());
  const map = machine.maps.hash as InterpretedMap;
  expect(map.update(word(1), Uint8Array.of(9, 9, 9, 9, 5, 0, 0, 0))).toBe(0);
  machine.run("main", new Uint8Array(0));
  expect(sorted(map)).toEqual(["01000000=0000000006000000"]);
  expect(map.update(word(1), Uint8Array.of(9, 9, 9, 9, 7, 0, 0, 0), 4)).toBe(0);
  expect(map.lookup(word(1))).toEqual(Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0));
});
