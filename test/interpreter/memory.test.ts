import { describe, expect, test } from "vitest";
import { createMachine, InterpreterFault } from "../../compiler/interpreter/index.ts";
import type { Op, Operand, Scalar } from "../../compiler/ir/ir.ts";
import { bytes, constant, ModuleBuilder, u32, u64 } from "../kit/ir.ts";

const PATTERN = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 0x85) & 0xff);
const ORDERS = ["little", "big"] as const;

const integerOf = (data: Uint8Array, order: "little" | "big"): bigint => {
  const bigFirst = order === "big" ? data : data.toReversed();
  return bigFirst.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
};

/** Loads `size` bytes at offset 3 as `type`, widens to 128 bits by the type's sign, and gives that. */
function loaded(type: Scalar, size: number, order: "little" | "big"): bigint {
  const module = new ModuleBuilder("load");
  const source = module.global("source", bytes(32), PATTERN);
  const out = module.global("out", bytes(16));
  module.program("main", (to) => {
    const place = to.let("pointer", { op: "global", global: source });
    const value = to.load(type, size, place, 3, order);
    const wide = to.let("u128", { op: "convert", from: type, to: "u128", a: value });
    to.store(wide, 16, to.let("pointer", { op: "global", global: out }));
    to.return(u32(0));
  });
  const machine = createMachine(module.build());
  machine.run("main", new Uint8Array(0));
  return integerOf(machine.globals.get("out"), "little");
}

describe.each(ORDERS)("loads in %s order", (order) => {
  test.each([
    ["u8", 1],
    ["u16", 2],
    ["u32", 4],
    ["u32", 1],
    ["u64", 6],
    ["u64", 8],
    ["u64", 2],
    ["u128", 16],
    ["u128", 8],
    ["u128", 6],
  ] as const)("%s from %i bytes is zero-extended", (type, size) => {
    expect(loaded(type, size, order)).toBe(integerOf(PATTERN.subarray(3, 3 + size), order));
  });

  test.each([
    ["i32", 1],
    ["i32", 2],
    ["i32", 4],
    ["i64", 1],
    ["i64", 2],
    ["i64", 4],
    ["i64", 6],
    ["i64", 8],
  ] as const)("%s from %i bytes is sign-extended", (type, size) => {
    const value = BigInt.asIntN(size * 8, integerOf(PATTERN.subarray(3, 3 + size), order));
    expect(loaded(type, size, order)).toBe(BigInt.asUintN(128, value));
  });
});

test("a bool in memory is true when its byte is not zero", () => {
  expect(loaded("bool", 1, "little")).toBe(1n);
});

/** Stores and gives the 32 bytes around. */
function stored(value: Operand, size: number, order: "little" | "big"): Uint8Array {
  const module = new ModuleBuilder("store");
  const out = module.global("out", bytes(32), new Uint8Array(32).fill(0xee));
  module.program("main", (to) => {
    to.store(value, size, to.let("pointer", { op: "global", global: out }), 3, order);
    to.return(u32(0));
  });
  const machine = createMachine(module.build());
  machine.run("main", new Uint8Array(0));
  return machine.globals.get("out");
}

describe.each(ORDERS)("stores in %s order", (order) => {
  test.each([1, 2, 4, 6, 8, 16])("write the low %i bytes and nothing else", (size) => {
    const value = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10n;
    const out = stored(constant("u128", value), size, order);
    expect(integerOf(out.subarray(3, 3 + size), order)).toBe(BigInt.asUintN(size * 8, value));
    expect([...out.subarray(0, 3), ...out.subarray(3 + size)].every((byte) => byte === 0xee)).toBe(true);
  });

  test.each([
    ["i32", -2n, 4],
    ["i64", -2n, 8],
    ["i32", -2n, 2],
    ["bool", 1n, 1],
    ["u8", 200n, 1],
  ] as const)("of %s %i write its low bytes", (type, value, size) => {
    const out = stored(constant(type, value), size, order);
    expect(integerOf(out.subarray(3, 3 + size), order)).toBe(BigInt.asUintN(size * 8, value));
  });
});

test.each([0, 1, 3])("copies overlap as if by way of a second buffer, %i bytes apart", (shift) => {
  for (const [from, target] of [
    [0, shift],
    [shift, 0],
  ] as const) {
    const module = new ModuleBuilder("copy");
    const global = module.global("data", bytes(32), PATTERN);
    module.program("main", (to) => {
      const place = to.let("pointer", { op: "global", global });
      const source = to.let("pointer", { op: "offset", type: "pointer", a: place, bytes: from });
      const into = to.let("pointer", { op: "offset", type: "pointer", a: place, bytes: target });
      to.copy(into, source, 21);
      to.return(u32(0));
    });
    const machine = createMachine(module.build());
    machine.run("main", new Uint8Array(0));
    expect(machine.globals.get("data")).toEqual(PATTERN.slice().copyWithin(target, from, from + 21));
  }
});

describe("atomics give the old value and wrap at their width", () => {
  const OLD = 0xffff_fff0n;
  test.each([
    ["add", 0x20n, 0x10n],
    ["and", 0xffn, 0xf0n],
    ["or", 0xfn, 0xffff_ffffn],
    ["xor", 0xffff_ffffn, 0xfn],
    ["exchange", 7n, 7n],
  ] as const)("%s", (operator, value, after) => {
    for (const type of ["u32", "u64"] as const) {
      const { result, memory } = atomic({ operator, type, value: constant(type, value), expected: null }, OLD);
      expect(result).toBe(OLD);
      const wide = { add: OLD + value, and: OLD & value, or: OLD | value, xor: OLD ^ value, exchange: value }[operator];
      expect(memory).toBe(type === "u32" ? after : wide);
    }
  });

  test("compareExchange writes only where the old value was expected", () => {
    expect(atomic({ operator: "compareExchange", type: "u64", value: u64(9), expected: u64(5) }, 5n)).toEqual({
      result: 5n,
      memory: 9n,
    });
    expect(atomic({ operator: "compareExchange", type: "u64", value: u64(9), expected: u64(6) }, 5n)).toEqual({
      result: 5n,
      memory: 5n,
    });
  });

  test("u64 addition wraps", () => {
    expect(atomic({ operator: "add", type: "u64", value: u64(2), expected: null }, 2n ** 64n - 1n)).toEqual({
      result: 2n ** 64n - 1n,
      memory: 1n,
    });
  });
});

type Atomic = Extract<Op, { op: "atomic" }>;

function atomic(
  parts: Pick<Atomic, "operator" | "type" | "value" | "expected">,
  old: bigint,
): { result: bigint; memory: bigint } {
  const module = new ModuleBuilder("atomic");
  const initial = new Uint8Array(new BigUint64Array([0n, old]).buffer);
  const word = module.global("word", bytes(16), initial);
  const out = module.global("out", bytes(8));
  module.program("main", (to) => {
    const place = to.let("pointer", { op: "global", global: word });
    const result = to.let(parts.type, { op: "atomic", place, offset: 8, resultUsed: true, ...parts });
    to.store(result, parts.type === "u32" ? 4 : 8, to.let("pointer", { op: "global", global: out }));
    to.return(u32(0));
  });
  const machine = createMachine(module.build());
  machine.run("main", new Uint8Array(0));
  return {
    result: integerOf(machine.globals.get("out"), "little"),
    memory: integerOf(machine.globals.get("word").subarray(8), "little"),
  };
}

test("an element beyond the array is a fault, not another variable", () => {
  const module = new ModuleBuilder("element");
  const array = module.global("array", bytes(8), Uint8Array.of(10, 11, 12, 13, 14, 15, 16, 17));
  const index = module.global("index", bytes(4));
  module.program("main", (to) => {
    const i = to.load("u32", 4, to.let("pointer", { op: "global", global: index }));
    const start = to.let("pointer", { op: "global", global: array });
    const element = to.let("pointer", { op: "element", type: "pointer", a: start, index: i, stride: 2, count: 4 });
    const value = to.load("u32", 1, element, 1);
    to.return(value);
  });
  const machine = createMachine(module.build());
  const at = (i: number) => {
    machine.globals.set("index", new Uint8Array(new Uint32Array([i]).buffer));
    return machine.run("main", new Uint8Array(0)).action;
  };
  expect([0, 1, 2, 3].map(at)).toEqual([11, 13, 15, 17]);
  expect(() => at(4)).toThrow(InterpreterFault);
});

test("a load through null, and one past the end of a value, are faults", () => {
  for (const offset of [0, 1_000]) {
    const module = new ModuleBuilder("wild");
    const global = module.global("data", bytes(4));
    module.program("main", (to) => {
      const variable = to.variable("pointer");
      if (offset > 0) to.set(variable, to.let("pointer", { op: "global", global }));
      to.return(to.load("u32", 4, to.get(variable), offset));
    });
    expect(() => createMachine(module.build()).run("main", new Uint8Array(0))).toThrow(InterpreterFault);
  }
});
