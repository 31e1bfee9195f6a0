import { describe, expect, test } from "vitest";
import { BITS, type BinaryOperator, type CompareOperator, type Scalar } from "../../compiler/ir/ir.ts";
import { load, testRun } from "../../runtime/index.ts";
import { edges, oracle, ordered, wrapTo } from "../interpreter/values.ts";
import { constant } from "../kit/ir.ts";
import { COMBINATIONS, type Combination, emitted } from "./emit.ts";
import { type Applied, applying, inputPacket, resultOf } from "./operations.ts";

interface Expected extends Applied {
  readonly want: (a: bigint, b: bigint) => bigint;
}

const OPERATORS: readonly BinaryOperator[] = ["add", "sub", "mul", "div", "rem", "and", "or", "xor", "shl", "shr"];
const BITWISE: readonly BinaryOperator[] = ["and", "or", "xor", "shl", "shr"];
const COMPARISONS: readonly CompareOperator[] = ["eq", "ne", "lt", "le", "gt", "ge"];
const SCALARS: readonly Scalar[] = ["bool", "u8", "u16", "u32", "u64", "u128", "i32", "i64"];
const WIDE: Readonly<Record<string, readonly BinaryOperator[]>> = {
  u32: OPERATORS,
  i32: OPERATORS,
  u64: OPERATORS,
  i64: OPERATORS,
  u128: BITWISE,
};

const unsigned = (type: Scalar, value: bigint): bigint => BigInt.asUintN(BITS[type], value);

const operators = (type: Scalar): Expected[] =>
  (WIDE[type] ?? []).map((operator) => ({
    name: operator,
    type,
    make: (a, b) => ({ op: "binary", operator, type, a, b }),
    want: (a, b) => oracle(operator, type, a, b),
  }));

/** With the second operand constant: what LLVM folds, and what it may divide by itself. */
const constants = (type: Scalar): Expected[] =>
  edges(type).flatMap((value) =>
    (["div", "rem", "shl", "shr"] as const)
      .filter((operator) => WIDE[type]?.includes(operator))
      .map((operator) => ({
        name: `${operator} by constant ${value}`,
        type,
        make: (a) => ({ op: "binary", operator, type, a, b: constant(type, value) }),
        want: (a) => oracle(operator, type, a, value),
      })),
  );

const comparisons = (type: Scalar): Expected[] =>
  COMPARISONS.map((operator) => ({
    name: operator,
    type: "bool",
    make: (a, b) => ({ op: "compare", operator, type, a, b }),
    want: (a, b) => (ordered(operator, a, b) ? 1n : 0n),
  }));

const conversions = (from: Scalar): Expected[] =>
  SCALARS.map((to) => ({
    name: `to ${to}`,
    type: to,
    make: (a) => ({ op: "convert", from, to, a }),
    want: (a) => wrapTo(to, a),
  }));

const ofBool: Expected[] = [
  { name: "not", type: "bool", make: (a) => ({ op: "not", a }), want: (a) => 1n - a },
  ...(["and", "or", "xor"] as const).map(
    (operator): Expected => ({
      name: operator,
      type: "bool",
      make: (a, b) => ({ op: "binary", operator, type: "bool", a, b }),
      want: (a, b) => oracle(operator, "bool", a, b),
    }),
  ),
];

async function mistakes(type: Scalar, list: readonly Expected[], target: Combination): Promise<string[]> {
  const code = await emitted(applying(type, list), { ...target, irBuilder: "text" });
  using object = await load(code.object);
  const program = object.program("applying");
  const out: string[] = [];
  for (const a of edges(type)) {
    for (const b of edges(type)) {
      const { packet } = testRun(program, { packet: inputPacket(a, b, list) });
      for (const [index, { name, type: result, want }] of list.entries()) {
        const got = resultOf(packet, index, result);
        const wanted = unsigned(result, want(a, b));
        if (got !== wanted) out.push(`${a} ${name} ${b}: got ${got}, want ${wanted}`);
      }
    }
  }
  return out;
}

/** Every cpu, with the oldest and the newest LLVM. */
const TARGETS = COMBINATIONS.filter(({ llvm }) => llvm !== 16);

describe.each(TARGETS)("LLVM $llvm, $cpu: the kernel computes", (target) => {
  test.each(Object.keys(WIDE) as Scalar[])("operators on %s exactly, at every pair of edges", async (type) => {
    expect(await mistakes(type, operators(type), target)).toEqual([]);
  });

  test.each(Object.keys(WIDE) as Scalar[])("operators on %s with constants", async (type) => {
    expect(await mistakes(type, constants(type), target)).toEqual([]);
  });

  test.each(SCALARS)("comparisons and conversions of %s", async (type) => {
    expect(await mistakes(type, [...comparisons(type), ...conversions(type)], target)).toEqual([]);
  });

  test("operators on bool", async () => {
    expect(await mistakes("bool", ofBool, target)).toEqual([]);
  });
});
