import type { Module, Statement } from "../../../compiler/ir/ir.ts";
import { constant, i32, ModuleBuilder, scalar, staticMap, u32 } from "../../kit/ir.ts";
import { at } from "./parsing.ts";
import { DROP, packet, type TestModule, TX } from "./types.ts";

/** Calls with results of each kind, more parameters than registers, 128-bit values, packet places. */
function functions(): TestModule {
  const module = new ModuleBuilder("functions");
  const many = module.function("many", ["u32", "u64", "i32", "bool", "u128", "u8", "u16"], "u64", (to, parameters) => {
    const [a, b, c, d, e, f, g] = parameters as [never, never, never, never, never, never, never];
    const sum = to.variable("u64", "sum");
    const widened = [
      to.let("u64", { op: "convert", from: "u32", to: "u64", a }),
      b,
      to.let("u64", { op: "convert", from: "i32", to: "u64", a: c }),
      to.let("u64", { op: "convert", from: "bool", to: "u64", a: d }),
      to.let("u64", { op: "convert", from: "u128", to: "u64", a: e }),
      to.let("u64", { op: "convert", from: "u8", to: "u64", a: f }),
      to.let("u64", { op: "convert", from: "u16", to: "u64", a: g }),
    ];
    for (const value of widened) {
      const shifted = to.binary("shl", "u64", to.get(sum), constant("u64", 3));
      to.set(sum, to.binary("xor", "u64", shifted, value));
    }
    to.return(to.get(sum));
  });
  const turned = module.function("turned", ["u128", "u32"], "u128", (to, [value, by]) => {
    const count = to.let("u128", { op: "convert", from: "u32", to: "u128", a: by as never });
    to.return(to.binary("shl", "u128", value as never, count));
  });
  const isOdd = module.function("isOdd", ["packet"], "bool", (to, [place]) => {
    const odd = to.binary("and", "u32", to.load("u32", 1, place as never), u32(1));
    to.return(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: odd, b: u32(1) }));
  });
  const narrow = module.function("narrow", ["i32"], "i32", (to, [value]) =>
    to.return(to.let("i32", { op: "binary", operator: "shr", type: "i32", a: value as never, b: i32(3) })),
  );
  const nothing = module.function("mark", ["packet"], null, (to, [place]) => {
    to.store(constant("u8", 0x5a), 1, place as never, 1);
  });
  module.program("functions", (to) => {
    const start = at(to, 0, 60);
    const wide = to.load("u128", 16, start, 16, "big");
    const odd = to.let("bool", { op: "call", function: isOdd, values: [start], type: "bool" });
    const values = [
      to.load("u32", 4, start, 0, "big"),
      to.load("u64", 8, start, 4, "big"),
      to.load("i32", 4, start, 12, "big"),
      odd,
      wide,
      to.load("u8", 1, start, 33),
      to.load("u16", 2, start, 34, "big"),
    ];
    to.store(to.let("u64", { op: "call", function: many, values, type: "u64" }), 8, start, 40, "big");
    const shift = to.load("u32", 1, start, 50);
    to.store(
      to.let("u128", { op: "call", function: turned, values: [wide, shift], type: "u128" }),
      16,
      start,
      16,
      "big",
    );
    const signed = to.let("i32", { op: "call", function: narrow, values: [values[2] as never], type: "i32" });
    to.store(signed, 4, start, 52, "big");
    to.effect({ op: "call", function: nothing, values: [start], type: null });
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(60), packet(60, Array(60).fill(0xfe)), packet(70, [1, 2, 3])] };
}

/** A function that moves the packet: the caller must look at its new bounds. */
function moves(): TestModule {
  const module = new ModuleBuilder("moves");
  const shrink = module.function("shrink", ["i32"], "bool", (to, [delta]) => {
    const result = to.let("i64", { op: "adjustHead", delta: delta as never });
    to.return(to.let("bool", { op: "compare", operator: "eq", type: "i64", a: result, b: constant("i64", 0) }));
  });
  const length = module.function("length", [], "u32", (to) => to.return(to.let("u32", { op: "packetLength" })));
  module.program("moves", (to) => {
    const first = to.load("u32", 1, at(to, 0, 20));
    const worked = to.let("bool", { op: "call", function: shrink, values: [i32(6)], type: "bool" });
    to.if(
      worked,
      () => undefined,
      () => to.return(u32(DROP)),
    );
    const again = at(to, 0, 14);
    to.store(first, 1, again, 1);
    to.store(to.let("u32", { op: "call", function: length, values: [], type: "u32" }), 4, again, 4, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(60), packet(21), packet(19)] };
}

/** Names that TypeScript allows and ELF's and BTF's own languages do not. */
function names(): TestModule {
  const module = new ModuleBuilder("names");
  const half = module.function("half<größe>$1", ["u32"], "u32", (to, [value]) =>
    to.return(to.binary("shr", "u32", value as never, u32(1))),
  );
  module.program("names", (to) => {
    const start = at(to, 0, 14);
    const value = to.load("u32", 4, start, 0, "big");
    to.store(to.let("u32", { op: "call", function: half, values: [value], type: "u32" }), 4, start, 0, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(14, [200])] };
}

/** Moves statements of some lines into another file, as inlining does. */
function inFile(statements: readonly Statement[], file: number, lines: ReadonlySet<number>): Statement[] {
  const text = JSON.stringify(statements, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  return JSON.parse(text, (key, value) => {
    if (key === "at" && lines.has(value.line)) return { file, line: value.line + 100, column: 7 };
    return typeof value === "string" && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value;
  });
}

/** Code that was inlined from another file, in a program and in a function. */
function files(): TestModule {
  const module = new ModuleBuilder("files");
  module.map({ name: "counts", kind: "array", key: scalar("u32"), value: scalar("u64"), maxEntries: 1 });
  module.program("files", (to) => {
    const start = at(to, 0, 14);
    const key = to.slot(scalar("u32"), "key");
    to.store(u32(0), 4, key, 0, "little", 8);
    const value = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
    to.if(to.let("bool", { op: "isNull", a: value }), () => to.return(u32(DROP)));
    to.store(to.load("u64", 8, start, 0, "big"), 8, value, 0, "little", 8);
    to.return(u32(TX));
  });
  const built = module.build();
  const helper = {
    path: "lib/helper.ts",
    text: Array.from({ length: 130 }, (_, i) => `helper line ${i + 1}`).join("\n"),
  };
  const program = built.programs[0] as Module["programs"][number];
  const body = inFile(program.body, 1, new Set([8, 11]));
  const changed: Module = { ...built, files: [...built.files, helper], programs: [{ ...program, body }] };
  return { module: changed, packets: [packet(14), packet(20)] };
}

export const calls = { functions, moves, names, files };
