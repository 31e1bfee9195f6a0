/** Arithmetic on constants, and the few identities that keep the IR readable. The meaning is that of compiler/ir/ir.ts. */
import { BITS, type BinaryOperator, type CompareOperator, isSigned, type Operand, type Scalar } from "../ir/ir.ts";
import { constant, isConstant } from "./types.ts";

const abs = (value: bigint): bigint => (value < 0n ? -value : value);

export function computeBinary(operator: BinaryOperator, type: Scalar, a: bigint, b: bigint): bigint {
  const count = BigInt.asUintN(64, b) & BigInt(BITS[type] - 1);
  switch (operator) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return b === 0n ? 0n : (abs(a) / abs(b)) * (a < 0n === b < 0n ? 1n : -1n);
    case "rem":
      return b === 0n ? a : (abs(a) % abs(b)) * (a < 0n ? -1n : 1n);
    case "and":
      return a & b;
    case "or":
      return a | b;
    case "xor":
      return a ^ b;
    case "shl":
      return a << count;
    case "shr":
      return a >> count;
  }
}

export function computeCompare(operator: CompareOperator, a: bigint, b: bigint): boolean {
  switch (operator) {
    case "eq":
      return a === b;
    case "ne":
      return a !== b;
    case "lt":
      return a < b;
    case "le":
      return a <= b;
    case "gt":
      return a > b;
    case "ge":
      return a >= b;
  }
}

/** A constant or one of the operands when the result is known; otherwise null. */
export function foldBinary(operator: BinaryOperator, type: Scalar, a: Operand, b: Operand): Operand | null {
  if (isConstant(a) && isConstant(b)) return constant(type, computeBinary(operator, type, a.value, b.value));
  const ones = isSigned(type) ? -1n : (1n << BigInt(BITS[type])) - 1n;
  if (isConstant(b)) {
    if (b.value === 0n && ["add", "sub", "or", "xor", "shl", "shr"].includes(operator)) return a;
    if (b.value === 0n && (operator === "and" || operator === "mul")) return constant(type, 0n);
    if (b.value === 1n && (operator === "mul" || operator === "div")) return a;
    if (b.value === ones && operator === "and") return a;
  }
  if (isConstant(a)) {
    if (a.value === 0n && ["add", "or", "xor"].includes(operator)) return b;
    if (a.value === 0n && (operator === "and" || operator === "mul")) return constant(type, 0n);
    if (a.value === 1n && operator === "mul") return b;
    if (a.value === ones && operator === "and") return b;
  }
  return null;
}

export function foldCompare(operator: CompareOperator, _type: Scalar, a: Operand, b: Operand): Operand | null {
  if (!isConstant(a) || !isConstant(b)) return null;
  return constant("bool", computeCompare(operator, a.value, b.value) ? 1n : 0n);
}
