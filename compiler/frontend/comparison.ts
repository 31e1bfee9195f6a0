/** The operators that compare, and what a test tells of the values on each of its two ways. */
import type { CompareOperator, Operand } from "../ir/ir.ts";
import { settleNull } from "./coerce.ts";
import type { Lowering } from "./lowering.ts";
import { sidesOf, together } from "./operators.ts";
import { negativeComparison, wrongArgument } from "./problems.ts";
import { constant, IR_TYPE, isSignedType, RANGE, scalar, scalarConstant } from "./types.ts";
import type { ts } from "./typescript.js";
import { describe, type Fact, type Facts, presence, type ScalarValue, type Value } from "./values.ts";

const COMPARISON: Readonly<Record<string, CompareOperator>> = {
  "===": "eq",
  "!==": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
};
export const isComparison = (operator: string): boolean => operator in COMPARISON;

const MIRROR: Readonly<Record<CompareOperator, CompareOperator>> = {
  eq: "eq",
  ne: "ne",
  lt: "gt",
  le: "ge",
  gt: "lt",
  ge: "le",
};
const OPPOSITE: Readonly<Record<CompareOperator, CompareOperator>> = {
  eq: "ne",
  ne: "eq",
  lt: "ge",
  le: "gt",
  gt: "le",
  ge: "lt",
};

/** What `value operator bound` tells about a temp. */
function rangeFact(value: ScalarValue, operator: CompareOperator, bound: readonly [bigint, bigint]): Fact[] {
  if (value.operand.kind !== "temp") return [];
  const [low, high] = RANGE[value.type];
  const known: Readonly<Record<CompareOperator, readonly [bigint, bigint] | null>> = {
    eq: bound,
    ne: null,
    lt: [low, bound[1] - 1n],
    le: [low, bound[1]],
    gt: [bound[0] + 1n, high],
    ge: [bound[0], high],
  };
  const range = known[operator];
  return range === null ? [] : [{ kind: "range", temp: value.operand.id, low: range[0], high: range[1] }];
}

function factsOf(operator: CompareOperator, left: ScalarValue, right: ScalarValue, to: Lowering): Facts {
  const [l, r] = [to.bounds(left), to.bounds(right)];
  const side = (op: CompareOperator) => [...rangeFact(left, op, r), ...rangeFact(right, MIRROR[op], l)];
  return { whenTrue: side(operator), whenFalse: side(OPPOSITE[operator]) };
}

const isNullish = (value: Value): boolean => value.kind === "null";

function compareWithNull(
  operator: CompareOperator,
  value: Value,
): ScalarValue | { present: Extract<Value, { kind: "nullable" }> } {
  if (value.kind === "nullable") return { present: value };
  const isNull = value.kind === "null";
  return scalarConstant("bool", isNull === (operator === "eq") ? 1n : 0n);
}

export function comparison(operator: string, a: Value, b: Value, node: ts.Node, to: Lowering): ScalarValue {
  const op = COMPARISON[operator] as CompareOperator;
  const [x, y] = [settleNull(a, to), settleNull(b, to)];
  if ((op === "eq" || op === "ne") && (isNullish(x) || isNullish(y))) {
    const tested = compareWithNull(op, isNullish(x) ? y : x);
    if ("kind" in tested) return tested;
    const { present } = tested.present;
    const { whenTrue: there, whenFalse: absent } = presence(tested.present);
    return op === "eq"
      ? { ...scalar("bool", to.not(present)), facts: { whenTrue: absent, whenFalse: there } }
      : { ...scalar("bool", present), facts: { whenTrue: there, whenFalse: absent } };
  }
  if ((x.kind === "nullable" || y.kind === "nullable") && (op === "eq" || op === "ne")) {
    const equal = compareNullables(x, y, node, to);
    if (op === "eq") return equal;
    const facts = equal.facts && { whenTrue: equal.facts.whenFalse, whenFalse: equal.facts.whenTrue };
    return { ...scalar("bool", to.not(equal.operand)), ...(facts ? { facts } : {}) };
  }
  if (x.kind === "scalar" && x.names !== undefined && y.kind === "string")
    return compareWords(op, x, y.value, node, to);
  if (x.kind === "string" && y.kind === "string")
    return scalarConstant("bool", computeConstantCompare(op, x.value, y.value) ? 1n : 0n);
  if (x.kind === "literal" && y.kind === "literal") {
    const truth = computeConstantCompare(op, x.value, y.value);
    return scalarConstant("bool", truth ? 1n : 0n);
  }
  return compareScalars(operator, op, x, y, node, to);
}

/** Equality where either may be null: two that are null are equal, and then nothing is known of either. */
function compareNullables(x: Value, y: Value, node: ts.Node, to: Lowering): ScalarValue {
  const a = x.kind === "nullable" ? x : null;
  const b = y.kind === "nullable" ? y : null;
  const inner = comparison("===", a?.value ?? x, b?.value ?? y, node, to);
  const there = [a, b].filter((value) => value !== null);
  const and = (left: Operand, right: Operand): Operand => to.binary("and", "bool", left, right);
  const both = there.reduce((equal, { present }) => and(present, equal), inner.operand);
  if (a !== null && b !== null)
    return scalar("bool", to.binary("or", "bool", both, and(to.not(a.present), to.not(b.present))));
  const known: Fact[] = [...there.flatMap((value) => presence(value).whenTrue), ...(inner.facts?.whenTrue ?? [])];
  return { ...scalar("bool", both), facts: { whenTrue: known, whenFalse: [] } };
}

/** A number that authors see as one of several words, against such a word. */
function compareWords(op: CompareOperator, value: ScalarValue, word: string, node: ts.Node, to: Lowering): ScalarValue {
  const index = value.names?.indexOf(word) ?? -1;
  if (index < 0) return to.refuse((at) => wrongArgument(at, value.names?.join(" or ") ?? "", `'${word}'`), node);
  return scalar("bool", to.compare(op, "u32", value.operand, constant("u32", BigInt(index))));
}

/** Constants compare as JavaScript compares them. */
const computeConstantCompare = <T extends number | bigint | string>(op: CompareOperator, a: T, b: T): boolean =>
  ({ eq: a === b, ne: a !== b, lt: a < b, le: a <= b, gt: a > b, ge: a >= b })[op];

function compareScalars(
  operator: string,
  op: CompareOperator,
  x: Value,
  y: Value,
  node: ts.Node,
  to: Lowering,
): ScalarValue {
  const literal = x.kind === "literal" ? x : y.kind === "literal" ? y : null;
  const other = literal === x ? y : x;
  if (
    literal !== null &&
    literal.value < 0 &&
    !literal.complement &&
    other.kind === "scalar" &&
    !isSignedType(other.type)
  ) {
    to.refuse((at) => negativeComparison(at, other.type), node);
  }
  for (const [i, side] of [x, y].entries())
    if (side.kind === "object" || side.kind === "list" || side.kind === "function")
      to.refuse((at) => wrongArgument(at, "numbers to compare", describe(side)), sidesOf(node)[i] ?? node);
  const [left, right, type] = together(operator, x, y, node, to);
  if (type === "bool" && op !== "eq" && op !== "ne") to.refuse((at) => wrongArgument(at, "numbers", "booleans"), node);
  const operand = to.compare(op, IR_TYPE[type], left.operand, right.operand);
  return { ...scalar("bool", operand), facts: factsOf(op, left, right, to) };
}
