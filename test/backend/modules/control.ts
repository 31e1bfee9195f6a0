import { bytes, constant, i64, ModuleBuilder, scalar, u32 } from "../../kit/ir.ts";
import { at, fitting } from "./parsing.ts";
import { DROP, PASS, packet, type TestModule, TX } from "./types.ts";

/** Nested loops, labelled breaks and continues, switches of several widths. */
function branches(): TestModule {
  const module = new ModuleBuilder("branches");
  module.program("branches", (to) => {
    const start = at(to, 0, 32);
    const sum = to.variable("u32", "sum");
    const i = to.variable("u32", "i");
    const add = (value: number) => to.set(sum, to.binary("add", "u32", to.get(sum), u32(value)));
    const test = (operator: "eq" | "ge", a: ReturnType<typeof to.get>, b: number) =>
      to.let("bool", { op: "compare", operator, type: "u32", a, b: u32(b) });
    to.loop(10, (_, outer) => {
      to.if(test("ge", to.get(i), 10), () => to.break(outer));
      to.set(i, to.binary("add", "u32", to.get(i), u32(1)));
      to.if(test("eq", to.get(i), 3), () => to.continue(outer));
      to.block((_region, region) => {
        to.if(test("eq", to.get(i), 5), () => to.break(region));
        to.if(test("eq", to.load("u32", 1, start, 20), 99), () => to.break(outer));
        add(10);
      });
      add(1);
    });
    to.switch(
      "u32",
      to.load("u32", 1, start, 0),
      [
        [[0, 1, 2], () => add(1000)],
        [[3], () => to.return(u32(DROP))],
        [[250, 7], () => add(2000)],
      ],
      () => add(3000),
    );
    to.switch(
      "u64",
      to.load("u64", 8, start, 1, "big"),
      [[[0x0102030405060708n, 1n << 63n], () => add(10_000)]],
      () => undefined,
    );
    to.switch(
      "u128",
      to.load("u128", 16, start, 1, "big"),
      [[[0x01020304_05060708_090a0b0c_0d0e0f10n], () => add(100_000)]],
      () => add(200_000),
    );
    to.switch("i32", to.load("i32", 4, start, 8, "big"), [[[-1n, -5n], () => add(1_000_000)]], () => undefined);
    to.store(to.get(sum), 4, start, 0, "big");
    to.return(u32(TX));
  });
  const packets = [
    packet(32),
    packet(32, [3]),
    packet(40, [250]),
    packet(40, [9, 8, 7]),
    packet(33, Array(32).fill(255)),
  ];
  const stop = packet(32);
  stop[20] = 99;
  return { module: module.build(), packets: [...packets, stop] };
}

/** `repeat` inside `repeat`, with captured temps, variables of each kind, and a slot. */
function repeats(): TestModule {
  const module = new ModuleBuilder("repeats");
  module.program("repeats", (to) => {
    const start = at(to, 0, 40);
    const seed = to.load("u32", 1, start, 0);
    const wide = to.load("u128", 16, start, 8, "big");
    const sum = to.variable("u64", "sum");
    const mixed = to.variable("u128", "mixed");
    const odd = to.variable("bool", "odd");
    const slot = to.slot(bytes(16), "buffer");
    to.zero(slot, 0, 16);
    to.repeat(u32(20), (_, index, outer) => {
      to.set(
        sum,
        to.binary("add", "u64", to.get(sum), to.let("u64", { op: "convert", from: "u32", to: "u64", a: seed })),
      );
      to.set(mixed, to.binary("xor", "u128", to.get(mixed), wide));
      to.set(odd, to.let("bool", { op: "not", a: to.get(odd) }));
      const late = to.let("bool", { op: "compare", operator: "ge", type: "u32", a: index, b: seed });
      to.if(late, () => to.break(outer));
      to.repeat(u32(4), (_inner, inner, label) => {
        const both = to.binary("add", "u32", index, inner);
        to.set(
          sum,
          to.binary("add", "u64", to.get(sum), to.let("u64", { op: "convert", from: "u32", to: "u64", a: both })),
        );
        const skip = to.let("bool", { op: "compare", operator: "eq", type: "u32", a: inner, b: u32(1) });
        to.if(skip, () => to.continue(label));
        const place = to.let("pointer", { op: "element", type: "pointer", a: slot, index: inner, stride: 4, count: 4 });
        to.store(to.binary("add", "u32", to.load("u32", 4, place, 0, "little", 4), u32(1)), 4, place, 0, "little", 4);
      });
    });
    to.store(to.get(sum), 8, start, 0, "big");
    to.store(to.get(mixed), 16, start, 8, "big");
    to.store(to.get(odd), 1, start, 24, "big");
    to.copy(to.let("packet", { op: "offset", type: "packet", a: start, bytes: 24 }), slot, 16);
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(40), packet(40, [3]), packet(41, [30, 1, 2, 3])] };
}

/** A callback that reads the packet for itself. */
function searching(): TestModule {
  const module = new ModuleBuilder("searching");
  module.program("searching", (to) => {
    const found = to.variable("u32", "found");
    const length = to.let("u32", { op: "packetLength" });
    to.repeat(length, (_, index, label) => {
      const place = to.let("packet", { op: "packetAt", offset: index, max: null });
      const fits = to.let("bool", { op: "packetFits", place, bytes: 2 });
      to.if(
        fits,
        () => undefined,
        () => to.break(label),
      );
      const two = to.load("u32", 2, place, 0, "big");
      to.if(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: two, b: u32(0xbeef) }), () => {
        to.set(found, to.binary("add", "u32", index, u32(1)));
        to.break(label);
      });
    });
    const out = at(to, 0, 14);
    to.store(to.get(found), 4, out, 0, "big");
    to.return(u32(TX));
  });
  const late = packet(900);
  late.set([0xbe, 0xef], 899 - 1);
  const middle = packet(60);
  middle.set([0xbe, 0xef], 33);
  return { module: module.build(), packets: [packet(60), middle, late, packet(14, [0xbe, 0xef])] };
}

/** Code after a return or break is not written, and a loop without an end has nothing after it. */
function unreachable(): TestModule {
  const module = new ModuleBuilder("unreachable");
  module.program("unreachable", (to) => {
    const start = at(to, 0, 14);
    const turns = to.variable("u32", "turns");
    to.loop(9, () => {
      to.set(turns, to.binary("add", "u32", to.get(turns), to.binary("or", "u32", to.load("u32", 1, start), u32(1))));
      to.if(to.let("bool", { op: "compare", operator: "gt", type: "u32", a: to.get(turns), b: u32(8) }), () => {
        to.return(u32(TX));
        to.store(u32(1), 1, start);
      });
    });
    to.return(u32(PASS));
  });
  return { module: module.build(), packets: [packet(14), packet(14, [200])] };
}

/** Two places, two checks: values and places chosen by a condition. */
function choices(): TestModule {
  const module = new ModuleBuilder("choices");
  module.map({ name: "one", kind: "array", key: scalar("u32"), value: scalar("u64"), maxEntries: 2 });
  module.program("choices", (to) => {
    const first = at(to, 0, 14);
    const which = to.let("bool", {
      op: "compare",
      operator: "gt",
      type: "u32",
      a: to.load("u32", 1, first),
      b: u32(9),
    });
    const second = fitting(to, to.binary("and", "u32", to.load("u32", 1, first, 1), u32(31)), null, 8);
    const place = to.let("packet", { op: "select", type: "packet", condition: which, a: first, b: second });
    const value = to.let("i64", {
      op: "select",
      type: "i64",
      condition: which,
      a: i64(-1),
      b: to.load("i64", 4, second, 0, "big"),
    });
    to.store(value, 8, place, 0, "big");
    const flag = to.let("bool", { op: "binary", operator: "xor", type: "bool", a: which, b: constant("bool", 1) });
    to.store(flag, 1, first, 13);
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(64), packet(64, [10, 20]), packet(20, [1, 31])] };
}

export const control = { branches, repeats, searching, unreachable, choices };
