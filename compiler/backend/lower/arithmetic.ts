/** Operators on values. */
import type { BinaryOperator, CompareOperator, Op, Scalar } from "../../ir/ir.ts";
import { isSigned } from "../../ir/ir.ts";
import { type BinaryInstruction, type IntegerType, type Predicate, type Value, widthOf } from "../builder.ts";
import { barrier, division, opaque, swap } from "../prelude/helpers.ts";
import { type Frame, resize, valueFor } from "./frame.ts";
import { llvmType } from "./signature.ts";
import { shiftWide } from "./wide.ts";

type Operator = (frame: Frame, a: Value, b: Value, type: Scalar) => Value;

const plain =
  (instruction: BinaryInstruction): Operator =>
  (frame, a, b) =>
    frame.builder.binary(instruction, a, b);

const constant = (frame: Frame, like: Value, value: bigint): Value =>
  frame.builder.constant(like.type as IntegerType, value);

/**
 * Counts are modulo the width: LLVM leaves larger ones undefined. Of a shift by an unknown count LLVM may know how
 * large the result can be, and would take away a mask behind it; the verifier knows nothing of the result.
 */
const shift =
  (unsigned: "shl" | "lshr", signed: BinaryInstruction): Operator =>
  (frame, a, b, type) => {
    const { builder } = frame;
    const count = builder.binary("and", b, constant(frame, b, BigInt(widthOf(b.type) - 1)));
    if (a.type === "i128" && count.constant === null) return shiftWide(frame, unsigned, a, count);
    const shifted = builder.binary(isSigned(type) ? signed : unsigned, a, count);
    return count.constant === null ? builder.call(opaque(shifted.type), [shifted]) : shifted;
  };

type Quotient = "div" | "rem";

/** Assembly for `%=` is understood from this version on. */
const LLVM_WITH_REMAINDER = 16;

/** One of the processor's instructions at 64 bits, for 32-bit values too. */
function widened(frame: Frame, operator: "/" | "%" | "s/" | "s%", a: Value, b: Value, signed: boolean): Value {
  const wide = (value: Value): Value => resize(frame, value, "i64", signed);
  const result = frame.builder.call(division(operator, "i64"), [wide(a), wide(b)]);
  return resize(frame, result, a.type);
}

/** By zero: 0, and the dividend. LLVM leaves that undefined, so only constant divisors go through its instructions. */
function unsignedDivision(frame: Frame, kind: Quotient, a: Value, b: Value): Value {
  const { builder, target } = frame;
  if (b.constant === 0n) return kind === "div" ? b : a;
  if (b.constant !== null) {
    const result = builder.binary(kind === "div" ? "udiv" : "urem", a, b);
    // A quotient or remainder is nothing the verifier has a bound for, as with shifts; by a power of two it is none.
    const power = (b.constant & (b.constant - 1n)) === 0n;
    return power ? result : builder.call(opaque(result.type), [result]);
  }
  if (kind === "rem" && target.llvm < LLVM_WITH_REMAINDER) {
    return builder.binary("sub", a, builder.binary("mul", unsignedDivision(frame, "div", a, b), b));
  }
  const operator = kind === "div" ? "/" : "%";
  // v2 has no 32-bit registers.
  if (target.cpu === "v2") return widened(frame, operator, a, b, false);
  return builder.call(division(operator, a.type as "i32" | "i64"), [a, b]);
}

/**
 * Before v4 there is no signed division: divide the magnitudes, then give the quotient the sign of both, the remainder
 * that of the dividend. Division by zero and MIN / -1 come out right by themselves.
 */
function signedDivision(frame: Frame, kind: Quotient, a: Value, b: Value): Value {
  const { builder } = frame;
  if (b.constant === 0n) return kind === "div" ? b : a;
  // LLVM's assembler encodes the 32-bit forms of v4 as if their operands were 64 bits wide, so they must be.
  if (frame.target.cpu === "v4") return widened(frame, kind === "div" ? "s/" : "s%", a, b, true);
  const zero = constant(frame, a, 0n);
  const negate = (value: Value): Value => builder.binary("sub", zero, value);
  const negative = (value: Value): Value => builder.compare("slt", value, zero);
  const magnitude = (value: Value): Value => builder.select(negative(value), negate(value), value);
  const result = unsignedDivision(frame, kind, magnitude(a), magnitude(b));
  const flips = kind === "div" ? builder.binary("xor", negative(a), negative(b)) : negative(a);
  return builder.select(flips, negate(result), result);
}

const divide =
  (kind: Quotient): Operator =>
  (frame, a, b, type) =>
    isSigned(type) ? signedDivision(frame, kind, a, b) : unsignedDivision(frame, kind, a, b);

const OPERATORS: Readonly<Record<BinaryOperator, Operator>> = {
  add: plain("add"),
  sub: plain("sub"),
  mul: plain("mul"),
  div: divide("div"),
  rem: divide("rem"),
  and: plain("and"),
  or: plain("or"),
  xor: plain("xor"),
  shl: shift("shl", "shl"),
  shr: shift("lshr", "ashr"),
};

const PREDICATES: Readonly<Record<CompareOperator, readonly [unsigned: Predicate, signed: Predicate]>> = {
  eq: ["eq", "eq"],
  ne: ["ne", "ne"],
  lt: ["ult", "slt"],
  le: ["ule", "sle"],
  gt: ["ugt", "sgt"],
  ge: ["uge", "sge"],
};

export function binary(frame: Frame, op: Extract<Op, { op: "binary" }>): Value {
  const result = OPERATORS[op.operator](frame, valueFor(frame, op.a), valueFor(frame, op.b), op.type);
  const shrinks = op.operator === "shr" || op.operator === "div";
  // What is left of a length has a bound for LLVM, which would take away a mask behind it, and none for the verifier.
  return shrinks && frame.facts.isLength(op.a) ? frame.builder.call(opaque(result.type), [result]) : result;
}

export const compare = (frame: Frame, op: Extract<Op, { op: "compare" }>): Value => {
  const [unsigned, signed] = PREDICATES[op.operator];
  return frame.builder.compare(isSigned(op.type) ? signed : unsigned, valueFor(frame, op.a), valueFor(frame, op.b));
};

export const not = (frame: Frame, op: Extract<Op, { op: "not" }>): Value =>
  frame.builder.binary("xor", valueFor(frame, op.a), frame.builder.constant("i1", 1n));

export const convert = (frame: Frame, op: Extract<Op, { op: "convert" }>): Value =>
  resize(frame, valueFor(frame, op.a), llvmType(op.to), isSigned(op.from));

export const select = (frame: Frame, op: Extract<Op, { op: "select" }>): Value =>
  frame.builder.select(valueFor(frame, op.condition), valueFor(frame, op.a), valueFor(frame, op.b));

export const swapBytes = (frame: Frame, op: Extract<Op, { op: "swap" }>): Value =>
  frame.builder.call(swap(llvmType(op.type) as "i16" | "i32" | "i64"), [valueFor(frame, op.a)]);

/** See null-tests.ts. */
export function isNull(frame: Frame, op: Extract<Op, { op: "isNull" }>): Value {
  const { builder, facts } = frame;
  const test = builder.compare("eq", valueFor(frame, op.a), builder.nullPointer());
  if (facts.onlySteers(op)) return test;
  const outcome = builder.call(barrier("i64"), [resize(frame, test, "i64")]);
  return builder.compare("ne", outcome, builder.constant("i64", 0n));
}
