import { bytes, constant, ModuleBuilder, nothing, scalar, staticMap, structure, u32, u64 } from "../../kit/ir.ts";
import { at } from "./parsing.ts";
import { DROP, PASS, packet, type TestModule, TX } from "./types.ts";

const counters = structure({ total: scalar("u64"), small: scalar("u32"), flags: scalar("u32") });

/** The first value of map 0, or leaves. */
function firstValue(to: Parameters<Parameters<ModuleBuilder["program"]>[1]>[0]) {
  const key = to.slot(scalar("u32"), "key");
  to.store(u32(0), 4, key, 0, "little", 8);
  const value = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
  to.if(to.let("bool", { op: "isNull", a: value }), () => to.return(u32(PASS)));
  return value;
}

/** Additions whose old value nobody wants: all that v2 can. */
function additions(): TestModule {
  const module = new ModuleBuilder("additions");
  module.map({ name: "counters", kind: "array", key: scalar("u32"), value: counters, maxEntries: 1 });
  module.program("additions", (to) => {
    const value = firstValue(to);
    const start = at(to, 0, 20);
    const add = { op: "atomic", operator: "add", place: value, expected: null, resultUsed: false } as const;
    to.effect({ ...add, type: "u64", offset: 0, value: u64(1n << 40n) });
    to.effect({ ...add, type: "u32", offset: 8, value: u32(0xffff_ffff) });
    to.store(to.load("u64", 8, value, 0, "little", 8), 8, start, 0, "big");
    to.store(to.load("u64", 8, value, 8, "little", 8), 8, start, 8, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(20), packet(20)] };
}

function atomics(): TestModule {
  const module = new ModuleBuilder("atomics");
  module.map({ name: "counters", kind: "array", key: scalar("u32"), value: counters, maxEntries: 1 });
  module.program("atomics", (to) => {
    const value = firstValue(to);
    const start = at(to, 0, 120);
    let out = 0;
    for (const type of ["u64", "u32"] as const) {
      const size = type === "u64" ? 8 : 4;
      const offset = type === "u64" ? 0 : 8;
      for (const operator of ["add", "or", "and", "xor", "exchange", "compareExchange"] as const) {
        const operand = to.load(type, size, start, 100, "big");
        const expected = operator === "compareExchange" ? operand : null;
        const common = { op: "atomic", operator, type, place: value, offset, value: operand, expected } as const;
        to.effect({ ...common, resultUsed: false });
        to.store(to.let(type, { ...common, resultUsed: true }), size, start, out, "big");
        out += size;
      }
    }
    to.store(to.load("u64", 8, value, 0, "little", 8), 8, start, 80, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), needsV3: true, packets: [packet(120), packet(121)] };
}

function locks(): TestModule {
  const module = new ModuleBuilder("locks");
  const locked = structure({ lock: { kind: "spinLock", size: 4, align: 4 }, low: scalar("u32"), high: scalar("u64") });
  module.map({ name: "shared", kind: "hash", key: scalar("u32"), value: locked, maxEntries: 1 });
  module.program("locks", (to) => {
    const key = to.slot(scalar("u32"), "key");
    const fresh = to.slot(locked, "fresh");
    to.store(u32(0), 4, key, 0, "little", 8);
    to.zero(fresh, 0, 16);
    to.effect({ op: "mapUpdate", map: staticMap(0), key, value: fresh, flags: u64(1) });
    const value = firstValue(to);
    to.effect({ op: "lock", place: value, offset: 0 });
    const more = to.binary("add", "u64", to.load("u64", 8, value, 8, "little", 8), u64(3));
    to.store(more, 8, value, 8, "little", 8);
    to.store(u32(9), 4, value, 4, "little", 4);
    to.effect({ op: "unlock", place: value, offset: 0 });
    to.store(more, 8, at(to, 0, 14), 0, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(14), packet(20)] };
}

function rings(): TestModule {
  const module = new ModuleBuilder("rings");
  module.map({ name: "events", kind: "ringBuffer", maxEntries: 4096 });
  module.program("rings", (to) => {
    const start = at(to, 0, 14);
    const record = to.let("pointer", { op: "ringReserve", map: staticMap(0), bytes: 24 });
    to.if(to.let("bool", { op: "isNull", a: record }), () => to.return(u32(PASS)));
    to.zero(record, 0, 24);
    to.copy(record, start, 14);
    const discard = to.let("bool", {
      op: "compare",
      operator: "eq",
      type: "u32",
      a: to.load("u32", 1, start),
      b: u32(9),
    });
    to.if(
      discard,
      () => to.effect({ op: "ringDiscard", record, flags: u64(0) }),
      () => to.effect({ op: "ringSubmit", record, flags: u64(1) }),
    );
    const slot = to.slot(bytes(8), "slot");
    to.zero(slot, 0, 8);
    const sent = to.let("i64", { op: "ringOutput", map: staticMap(0), data: slot, bytes: 8, flags: u64(1) });
    to.store(sent, 8, start, 0, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(14), packet(20, [9])] };
}

/** Drains what user space wrote; none here, so the body only has to load. */
function draining(): TestModule {
  const module = new ModuleBuilder("draining");
  module.map({ name: "orders", kind: "userRingBuffer", maxEntries: 4096 });
  module.program("draining", (to) => {
    const total = to.variable("u64", "total");
    const slot = to.reserve(structure({ kind: scalar("u32"), amount: scalar("u64") }), "order");
    const drained = to.drain(staticMap(0), slot, (_, label) => {
      const order = to.slotAt(slot);
      to.set(total, to.binary("add", "u64", to.get(total), to.load("u64", 8, order, 8, "little", 8)));
      const last = to.let("bool", {
        op: "compare",
        operator: "eq",
        type: "u32",
        a: to.load("u32", 4, order, 0, "little", 8),
        b: u32(7),
      });
      to.if(last, () => to.break(label));
    });
    const start = at(to, 0, 16);
    to.store(to.get(total), 8, start, 0, "big");
    to.store(drained, 8, start, 8, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(16)] };
}

function tails(): TestModule {
  const module = new ModuleBuilder("tails");
  module.map({ name: "jumps", kind: "progArray", key: scalar("u32"), value: scalar("u32"), maxEntries: 4 });
  module.program("first", (to) => {
    to.effect({ op: "tailCall", map: staticMap(0), index: to.load("u32", 1, at(to, 0, 14)) });
    to.return(u32(DROP));
  });
  module.program("second", (to) => to.return(u32(TX)));
  return { module: module.build(), packets: [packet(14), packet(14, [200])] };
}

/** The rest of the kernel's services. Times and random numbers only have to load. */
function services(): TestModule {
  const module = new ModuleBuilder("services");
  module.map({ name: "ports", kind: "devmap", key: scalar("u32"), value: scalar("u32"), maxEntries: 4 });
  module.map({ name: "cpus", kind: "cpumap", key: scalar("u32"), value: scalar("u32"), maxEntries: 4 });
  module.program("services", (to) => {
    const start = at(to, 0, 64);
    const sum = to.variable("u64", "sum");
    const add = (value: ReturnType<typeof to.get>) => to.set(sum, to.binary("xor", "u64", to.get(sum), value));
    for (const clock of ["monotonic", "coarse", "boot", "jiffies"] as const) add(to.let("u64", { op: "time", clock }));
    const widen = (a: ReturnType<typeof to.get>) => to.let("u64", { op: "convert", from: "u32", to: "u64", a });
    add(widen(to.let("u32", { op: "random" })));
    add(widen(to.let("u32", { op: "cpu" })));
    const slot = to.slot(bytes(64), "buffer");
    to.zero(slot, 0, 64);
    to.effect({ op: "packetRead", offset: u32(4), to: slot, bytes: 20 });
    to.effect({ op: "packetWrite", offset: u32(30), from: slot, bytes: 20 });
    to.effect({ op: "barrier" });
    const checksum = {
      op: "checksumDiff",
      from: nothing("pointer"),
      fromBytes: 0,
      to: slot,
      toBytes: 20,
      seed: u32(0),
    } as const;
    to.store(to.let("i64", checksum), 8, start, 50, "big");
    const looked = to.let("i64", { op: "fibLookup", parameters: slot, flags: u32(0) });
    to.effect({ op: "log", format: "fib %d, sum %d", values: [looked, to.get(sum)] });
    to.effect({ op: "log", format: "done", values: [] });
    const pick = to.load("u32", 1, start);
    to.if(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: pick, b: u32(1) }), () =>
      to.return(to.let("u32", { op: "redirect", interface: u32(1), flags: u64(0) })),
    );
    to.if(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: pick, b: u32(2) }), () =>
      to.return(to.let("u32", { op: "redirectMap", map: staticMap(1), key: u32(1), flags: u64(PASS) })),
    );
    to.return(to.let("u32", { op: "redirectMap", map: staticMap(0), key: pick, flags: u64(DROP) }));
  });
  module.program(
    "leaving",
    (to) => {
      const out = to.let("u32", { op: "context", field: "egressInterface" });
      const none = to.let("bool", { op: "compare", operator: "eq", type: "u32", a: out, b: constant("u32", 0) });
      to.if(none, () => to.return(u32(DROP)));
      to.return(u32(PASS));
    },
    "xdp/devmap",
  );
  return { module: module.build() };
}

export const kernel = { additions, atomics, locks, rings, draining, tails, services };
