import { describe, expect, test } from "vitest";
import type { IrBuilder, Value } from "../../compiler/backend/builder.ts";
import { checked } from "../../compiler/backend/builders/checked.ts";
import { surveyBuilder } from "../../compiler/backend/builders/survey.ts";

const builder = (): IrBuilder => checked(surveyBuilder().builder);
const value = (type: Value["type"]): Value => ({ type, constant: null, handle: null });

describe("constants fold, so that every builder sees the same instructions", () => {
  const to = builder();
  const fold = (operator: Parameters<IrBuilder["binary"]>[0], a: bigint, b: bigint) =>
    to.binary(operator, to.constant("i8", a), to.constant("i8", b)).constant;

  test.each([
    ["add", 200n, 100n, 44n],
    ["sub", 1n, 2n, 255n],
    ["mul", 16n, 17n, 16n],
    ["sdiv", -7n, 2n, 253n],
    ["srem", -7n, 2n, 255n],
    ["ashr", -128n, 3n, 240n],
    ["lshr", -128n, 3n, 16n],
    ["shl", 3n, 7n, 128n],
  ] as const)("%s %d, %d", (operator, a, b, want) => expect(fold(operator, a, b)).toBe(want));

  test.each([
    ["udiv", 1n, 0n],
    ["srem", 1n, 0n],
    ["shl", 1n, 8n],
  ] as const)("but not %s %d, %d, which LLVM leaves undefined", (operator, a, b) =>
    expect(fold(operator, a, b)).toBeNull(),
  );

  test("comparisons and casts too", () => {
    const minusOne = to.constant("i8", -1n);
    expect(to.compare("slt", minusOne, to.constant("i8", 0n)).constant).toBe(1n);
    expect(to.compare("ult", minusOne, to.constant("i8", 0n)).constant).toBe(0n);
    expect(to.cast("sext", minusOne, "i16").constant).toBe(0xffffn);
    expect(to.cast("zext", minusOne, "i16").constant).toBe(0xffn);
  });

  test("what changes nothing is not computed", () => {
    const x = value("i32");
    expect(to.binary("add", x, to.constant("i32", 0n))).toBe(x);
    expect(to.binary("and", x, to.constant("i32", -1n))).toBe(x);
    expect(to.binary("mul", x, to.constant("i32", 1n))).toBe(x);
    expect(to.cast("zext", x, "i32")).toBe(x);
    const pointer = value("ptr");
    expect(to.offset(pointer, to.constant("i64", 0n))).toBe(pointer);
  });
});

describe("ill-typed instructions are bugs of ours, found at once", () => {
  const to = builder();
  const mistakes: Readonly<Record<string, () => unknown>> = {
    "mixed widths": () => to.binary("add", value("i32"), value("i64")),
    "arithmetic on pointers": () => to.binary("add", value("ptr"), value("ptr")),
    "a comparison of different types": () => to.compare("eq", value("ptr"), value("i64")),
    "a load from an integer": () => to.load("i32", value("i64")),
    "a store to an integer": () => to.store(value("i32"), value("i64")),
    "an offset of 32 bits": () => to.offset(value("ptr"), value("i32")),
    "an extension that narrows": () => to.cast("zext", value("i64"), "i32"),
    "a truncation that widens": () => to.cast("trunc", value("i32"), "i64"),
    "a choice by a number": () => to.select(value("i8"), value("i32"), value("i32")),
    "a branch on a number": () => to.branch(value("i32"), to.block("a"), to.block("b")),
    "a call with other values": () =>
      to.call({ name: "f", result: "void", parameters: ["ptr", "i64"], define: null }, [value("ptr"), value("i32")]),
  };
  test.each(Object.keys(mistakes))("%s", (name) => expect(mistakes[name]).toThrow("ill-typed LLVM instruction"));
});
