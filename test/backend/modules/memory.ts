import { bytes, constant, ModuleBuilder, scalar, staticMap, structure, u32, u64 } from "../../kit/ir.ts";
import { at } from "./parsing.ts";
import { PASS, packet, type TestModule, TX } from "./types.ts";

const entry = structure({
  kind: scalar("u8"),
  port: scalar("u16"),
  hardware: scalar("mac"),
  count: scalar("u64"),
  source: scalar("address"),
  flag: scalar("bool"),
});

/** A struct with padding on the stack, written field by field, as key and value of a map and back into the packet. */
function slots(): TestModule {
  const module = new ModuleBuilder("slots");
  module.map({ name: "entries", kind: "lruHash", key: entry, value: entry, maxEntries: 16 });
  module.program("slots", (to) => {
    const start = at(to, 0, 54);
    const slot = to.slot(entry, "entry");
    to.zero(slot, 0, entry.size);
    to.store(to.load("u32", 1, start, 0), 1, slot, 0, "little", 8);
    to.store(to.load("u32", 2, start, 1, "big"), 2, slot, 2, "little", 2);
    to.store(to.load("u64", 6, start, 3, "big"), 6, slot, 4, "big", 4);
    to.store(to.load("u64", 8, start, 9, "big"), 8, slot, 16, "little", 8);
    to.store(to.load("u128", 16, start, 17, "big"), 16, slot, 24, "big", 8);
    to.store(to.load("bool", 1, start, 33), 1, slot, 40, "little", 8);
    to.effect({ op: "mapUpdate", map: staticMap(0), key: slot, value: slot, flags: u64(0) });
    const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key: slot });
    to.if(to.let("bool", { op: "isNull", a: found }), () => to.return(u32(PASS)));
    to.copy(start, found, entry.size);
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(54), packet(60, [9, 0, 1, 255]), packet(53)] };
}

/** Copies of every shape: packet to slot and back, within the packet with overlap both ways, odd sizes. */
function copies(): TestModule {
  const module = new ModuleBuilder("copies");
  module.program("copies", (to) => {
    const start = at(to, 0, 300);
    const slot = to.slot(bytes(256), "buffer");
    to.copy(slot, start, 100);
    const offset = (bytesOn: number) => to.let("packet", { op: "offset", type: "packet", a: start, bytes: bytesOn });
    to.copy(offset(150), slot, 99);
    to.copy(offset(3), start, 100);
    to.copy(start, offset(7), 13);
    to.zero(offset(260), 0, 17);
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(300), packet(400, [7, 7, 7])] };
}

/** Constants that may be patched, and data that stays. */
function globals(): TestModule {
  const module = new ModuleBuilder("globals");
  const limit = module.global("limit", scalar("u32"), new Uint8Array([7, 0, 0, 0]), true);
  const table = module.global("table", bytes(10), packet(10, [1, 2, 3]), true);
  const runs = module.global("runs", scalar("u64"));
  module.program("globals", (to) => {
    const start = at(to, 0, 14);
    const place = (index: number) => to.let("pointer", { op: "global", global: index });
    const count = place(runs);
    to.store(to.binary("add", "u64", to.load("u64", 8, count, 0, "little", 8), u64(1)), 8, count, 0, "little", 8);
    to.store(to.load("u32", 4, place(limit), 0, "little", 4), 4, start, 0, "big");
    const index = to.binary("rem", "u32", to.load("u32", 1, start, 13), u32(10));
    const item = to.let("pointer", { op: "element", type: "pointer", a: place(table), index, stride: 1, count: 10 });
    to.store(to.load("u32", 1, item), 1, start, 4, "little");
    to.store(to.load("u64", 8, count, 0, "little", 8), 8, start, 5, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(14), packet(20), packet(60)] };
}

/** An index bounded by a comparison only: the verifier must see it whatever the optimiser does. */
function indices(): TestModule {
  const module = new ModuleBuilder("indices");
  const counts = { kind: "array", of: scalar("u64"), length: 6, size: 48, align: 8 } as const;
  const powers = { kind: "array", of: scalar("u64"), length: 8, size: 64, align: 8 } as const;
  module.map({ name: "counts", kind: "array", key: scalar("u32"), value: counts, maxEntries: 1 });
  module.map({ name: "powers", kind: "array", key: scalar("u32"), value: powers, maxEntries: 1 });
  module.program("indices", (to) => {
    const start = at(to, 0, 30);
    const key = to.slot(scalar("u32"), "key");
    to.store(u32(0), 4, key, 0, "little", 8);
    for (const [map, limit] of [
      [0, 6],
      [1, 8],
    ] as const) {
      const index = to.load("u32", 4, start, map * 4, "big");
      const within = to.let("bool", { op: "compare", operator: "lt", type: "u32", a: index, b: u32(limit) });
      to.if(within, () => {
        const value = to.let("pointer", { op: "mapLookup", map: staticMap(map), key });
        to.if(to.let("bool", { op: "isNull", a: value }), () => to.return(u32(PASS)));
        const item = to.let("pointer", { op: "element", type: "pointer", a: value, index, stride: 8, count: limit });
        const more = to.binary("add", "u64", to.load("u64", 8, item, 0, "little", 8), u64(1));
        to.store(more, 8, item, 0, "little", 8);
        to.store(more, 8, start, 8 + map * 8, "big");
      });
    }
    to.return(u32(TX));
  });
  const indexed = (a: number, b: number) => packet(40, [0, 0, 0, a, 0, 0, 0, b]);
  return { module: module.build(), packets: [indexed(0, 0), indexed(5, 7), indexed(6, 8), indexed(5, 7), packet(40)] };
}

/** Two large buffers, used one after the other: they fit the stack only if they share it. */
function sharing(): TestModule {
  const module = new ModuleBuilder("sharing");
  module.program("sharing", (to) => {
    const start = at(to, 0, 14);
    for (const [turn, limit] of [200, 100].entries()) {
      const more = to.let("bool", {
        op: "compare",
        operator: "lt",
        type: "u32",
        a: to.load("u32", 1, start, turn),
        b: u32(limit),
      });
      to.if(more, (inner) => {
        const slot = inner.slot(bytes(300), "buffer");
        inner.zero(slot, 0, 300);
        inner.effect({ op: "packetRead", offset: u32(turn), to: slot, bytes: 12 });
        inner.store(inner.load("u32", 1, slot, 5), 1, start, 12 + turn);
      });
    }
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(14), packet(20, [201, 1]), packet(30, [1, 201])] };
}

/** Elements of an array in the packet, in a program and in a function that sees nothing else of the packet. */
function elements(): TestModule {
  const module = new ModuleBuilder("elements");
  const double = module.function("double", ["packet", "u32"], null, (to, [list, index]) => {
    const [a, within] = [list as never, to.binary("and", "u32", index as never, u32(7))];
    const place = to.let("packet", { op: "element", type: "packet", a, index: within, stride: 4, count: 8 });
    const value = to.load("u32", 4, place, 0, "big");
    to.store(to.binary("add", "u32", value, value), 4, place, 0, "big");
  });
  module.program("elements", (to) => {
    const start = at(to, 0, 40);
    const index = to.load("u32", 1, start, 0);
    const within = to.let("bool", { op: "compare", operator: "lt", type: "u32", a: index, b: u32(5) });
    const list = to.let("packet", { op: "offset", type: "packet", a: start, bytes: 8 });
    to.if(within, () => {
      const place = to.let("packet", { op: "element", type: "packet", a: list, index, stride: 6, count: 5 });
      to.store(to.load("u64", 6, place, 0, "big"), 6, place, 0, "little");
    });
    to.effect({ op: "call", function: double, values: [list, index], type: null });
    to.return(u32(TX));
  });
  const packets = [0, 4, 5, 7, 255].map((index) => packet(40, [index]));
  return { module: module.build(), packets };
}

/** Fields of every width and order, read and written at odd places. */
function widths(): TestModule {
  const module = new ModuleBuilder("widths");
  module.program("widths", (to) => {
    const start = at(to, 0, 120);
    let offset = 1;
    for (const [type, size] of [
      ["u32", 1],
      ["u32", 2],
      ["u32", 4],
      ["u64", 6],
      ["u64", 8],
      ["u128", 16],
      ["i32", 1],
      ["i32", 2],
      ["i64", 4],
    ] as const) {
      for (const order of ["little", "big"] as const) {
        const value = to.load(type, size, start, offset, order);
        const wide = to.let(type, { op: "binary", operator: "xor", type, a: value, b: constant(type, 5) });
        const flipped = order === "little" ? "big" : "little";
        to.store(wide, size, start, offset, flipped);
        offset += size;
      }
    }
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(120), packet(130, [0, 0x80, 0x81, 0xff, 0xfe, 0x80])] };
}

export const memory = { slots, copies, globals, indices, elements, sharing, widths };
