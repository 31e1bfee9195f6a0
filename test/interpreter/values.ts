/** Values at the edges of each type, and the meaning of operators on them, in unbounded integers. */
import { BITS, type BinaryOperator, type CompareOperator, isSigned, type Scalar } from "../../compiler/ir/ir.ts";

export const wrapTo = (type: Scalar, value: bigint): bigint =>
  isSigned(type) ? BigInt.asIntN(BITS[type], value) : BigInt.asUintN(BITS[type], value);

/** 0, 1, shift counts around the width, both ends of the range, the sign bit and a mixed pattern. */
export function edges(type: Scalar): bigint[] {
  if (type === "bool") return [0n, 1n];
  const bits = BigInt(BITS[type]);
  const raw = [
    0n,
    1n,
    2n,
    7n,
    bits - 1n,
    bits,
    bits + 3n,
    (1n << (bits - 1n)) - 1n,
    1n << (bits - 1n),
    (1n << bits) - 1n,
  ];
  const mixed = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210n;
  return [...new Set([...raw, mixed, mixed >> 3n].map((value) => wrapTo(type, value)))];
}

const magnitude = (value: bigint) => (value < 0n ? -value : value);

/** Truncating division by magnitudes, so that the oracle does not lean on the operator under test. */
function divide(a: bigint, b: bigint): bigint {
  let [rest, quotient] = [magnitude(a), 0n];
  const by = magnitude(b);
  for (let bit = 128n; bit >= 0n; bit--) {
    if (rest >> bit >= by) {
      rest -= by << bit;
      quotient |= 1n << bit;
    }
  }
  return a < 0n === b < 0n ? quotient : -quotient;
}

export function oracle(operator: BinaryOperator, type: Scalar, a: bigint, b: bigint): bigint {
  const count = BigInt.asUintN(128, b) % BigInt(BITS[type]);
  const quotient = b === 0n ? 0n : divide(a, b);
  const results: Record<BinaryOperator, () => bigint> = {
    add: () => a + b,
    sub: () => a - b,
    mul: () => a * b,
    div: () => quotient,
    rem: () => a - quotient * b,
    and: () => a & b,
    or: () => a | b,
    xor: () => a ^ b,
    shl: () => a * 2n ** count,
    // Division that rounds down is the arithmetic shift; unsigned values have no other.
    shr: () => (a - (((a % 2n ** count) + 2n ** count) % 2n ** count)) / 2n ** count,
  };
  return wrapTo(type, results[operator]());
}

export function ordered(operator: CompareOperator, a: bigint, b: bigint): boolean {
  const order = a === b ? 0 : a - b < 0n ? -1 : 1;
  return { eq: order === 0, ne: order !== 0, lt: order < 0, le: order <= 0, gt: order > 0, ge: order >= 0 }[operator];
}
