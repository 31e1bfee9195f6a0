import { describe, expect, test } from "vitest";
import { BITS, type BinaryOperator, type CompareOperator, type Scalar } from "../../compiler/ir/ir.ts";
import { applied } from "./operands.ts";
import { edges, oracle, ordered, wrapTo } from "./values.ts";

const OPERATORS: readonly BinaryOperator[] = ["add", "sub", "mul", "div", "rem", "and", "or", "xor", "shl", "shr"];
const ON_BITS: readonly BinaryOperator[] = ["and", "or", "xor", "shl", "shr"];
const COMPARISONS: readonly CompareOperator[] = ["eq", "ne", "lt", "le", "gt", "ge"];
const WIDE: readonly Scalar[] = ["u32", "i32", "u64", "i64", "u128"];
const SCALARS: readonly Scalar[] = ["bool", "u8", "u16", "u32", "u64", "u128", "i32", "i64"];

const pairs = (type: Scalar) => edges(type).flatMap((a) => edges(type).map((b) => [a, b] as const));

/** All pairs that went wrong, as one readable list. */
function wrong<T>(cases: readonly T[], check: (one: T) => { got: unknown; want: unknown }): string[] {
  return cases.flatMap((one) => {
    const { got, want } = check(one);
    return got === want ? [] : [`${String(one)}: got ${got}, want ${want}`];
  });
}

describe.each(WIDE)("arithmetic at %s", (type) => {
  test.each(type === "u128" ? ON_BITS : OPERATORS)("%s is exact modulo 2^n at every pair of edges", (operator) => {
    const mistakes = wrong(pairs(type), ([a, b]) => {
      const inputs = [
        { type, value: a },
        { type, value: b },
      ];
      const { loaded, folded } = applied(inputs, type, ([x, y]) => ({
        op: "binary",
        operator,
        type,
        a: x as never,
        b: y as never,
      }));
      const want = oracle(operator, type, a, b);
      return { got: `${loaded} ${folded}`, want: `${want} ${want}` };
    });
    expect(mistakes).toEqual([]);
  });
});

test.each(SCALARS)("comparisons of %s follow the order of its values", (type) => {
  const mistakes = COMPARISONS.flatMap((operator) =>
    wrong(pairs(type), ([a, b]) => {
      const inputs = [
        { type, value: a },
        { type, value: b },
      ];
      const { loaded, folded } = applied(inputs, "bool", ([x, y]) => ({
        op: "compare",
        operator,
        type,
        a: x as never,
        b: y as never,
      }));
      const want = ordered(operator, a, b) ? 1n : 0n;
      return { got: `${operator} ${loaded} ${folded}`, want: `${operator} ${want} ${want}` };
    }),
  );
  expect(mistakes).toEqual([]);
});

test.each(SCALARS)("conversions from %s truncate, or extend by the sign of the source", (from) => {
  const mistakes = SCALARS.flatMap((to) =>
    wrong(edges(from), (value) => {
      const { loaded, folded } = applied([{ type: from, value }], to, ([a]) => ({
        op: "convert",
        from,
        to,
        a: a as never,
      }));
      const want = wrapTo(to, value);
      return { got: `${to} ${loaded} ${folded}`, want: `${to} ${want} ${want}` };
    }),
  );
  expect(mistakes).toEqual([]);
});

test.each(["and", "or", "xor"] as const)("%s of bool", (operator) => {
  const mistakes = wrong(pairs("bool"), ([a, b]) => {
    const inputs = [
      { type: "bool" as const, value: a },
      { type: "bool" as const, value: b },
    ];
    const { loaded, folded } = applied(inputs, "bool", ([x, y]) => ({
      op: "binary",
      operator,
      type: "bool",
      a: x as never,
      b: y as never,
    }));
    const want = oracle(operator, "bool", a, b);
    return { got: `${loaded} ${folded}`, want: `${want} ${want}` };
  });
  expect(mistakes).toEqual([]);
});

test("'not' turns true and false round", () => {
  const not = (value: bigint) => applied([{ type: "bool", value }], "bool", ([a]) => ({ op: "not", a: a as never }));
  expect([not(0n), not(1n)]).toEqual([
    { loaded: 1n, folded: 1n },
    { loaded: 0n, folded: 0n },
  ]);
});

test.each(["u16", "u32", "u64"] as const)("swap reverses the bytes of %s", (type) => {
  const reversed = (value: bigint): bigint =>
    BigInt(
      `0x${(
        value
          .toString(16)
          .padStart(BITS[type] / 4, "0")
          .match(/../g) as string[]
      )
        .reverse()
        .join("")}`,
    );
  const mistakes = wrong(edges(type), (value) => ({
    got: applied([{ type, value }], type, ([a]) => ({ op: "swap", type, a: a as never })).loaded,
    want: reversed(value),
  }));
  expect(mistakes).toEqual([]);
});

test.each(SCALARS)("select takes one of two values of %s", (type) => {
  const [a, b] = [edges(type)[1] as bigint, edges(type).at(-1) as bigint];
  for (const condition of [0n, 1n]) {
    const inputs = [
      { type: "bool" as const, value: condition },
      { type, value: a },
      { type, value: b },
    ];
    const { loaded, folded } = applied(inputs, type, ([c, x, y]) => ({
      op: "select",
      type,
      condition: c as never,
      a: x as never,
      b: y as never,
    }));
    expect([loaded, folded]).toEqual(condition === 1n ? [a, a] : [b, b]);
  }
});
