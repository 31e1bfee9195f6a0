/** What the language's arithmetic means, worked out on unbounded integers. Independent of the compiler. */
import type { TypeName } from "./harness.ts";

export type NumberType = Exclude<TypeName, "ipv4" | "ipv6" | "mac">;

const BITS = { u8: 8, u16: 16, u32: 32, u64: 64, i32: 32, i64: 64, ipv4: 32, ipv6: 128, mac: 48 } as const;
export const isSigned = (type: TypeName): boolean => type === "i32" || type === "i64";
export const wrap = (type: TypeName, value: bigint): bigint =>
  isSigned(type) ? BigInt.asIntN(BITS[type], value) : BigInt.asUintN(BITS[type], value);

/** The width at which operators work: 32 bits below that. */
export const workingType = (type: NumberType): NumberType => (type === "u8" || type === "u16" ? "u32" : type);

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
const quotient = (a: bigint, b: bigint): bigint => {
  const size = magnitude(a) / magnitude(b);
  return a < 0n === b < 0n ? size : -size;
};

/** Exact results before wrapping; division and remainder by zero as the eBPF instruction set has them. */
export const OPERATORS: Readonly<Record<string, (a: bigint, b: bigint, bits: bigint) => bigint>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0n ? 0n : quotient(a, b)),
  "%": (a, b) => (b === 0n ? a : a - quotient(a, b) * b),
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b, bits) => a << (BigInt.asUintN(Number(bits), b) % bits),
  ">>": (a, b, bits) => a >> (BigInt.asUintN(Number(bits), b) % bits),
  ">>>": (a, b, bits) => a >> (BigInt.asUintN(Number(bits), b) % bits),
};

export const COMPARISONS: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  "===": (a, b) => a === b,
  "!==": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

export const operate = (operator: string, type: TypeName, a: bigint, b: bigint): bigint =>
  wrap(type, (OPERATORS[operator] as (a: bigint, b: bigint, bits: bigint) => bigint)(a, b, BigInt(BITS[type])));

/** Values at which arithmetic goes wrong: zero, one, both ends, powers of two and their neighbours. */
export function edges(type: TypeName): bigint[] {
  const bits = BITS[type];
  const top = 1n << BigInt(isSigned(type) ? bits - 1 : bits);
  const positive = [0n, 1n, 2n, 7n, 31n, 32n, 33n, 255n, top >> 1n, (top >> 1n) - 1n, top - 1n, 0x0102_0304_0506_0708n];
  const all = isSigned(type) ? [...positive, -1n, -2n, -7n, -top, -top + 1n] : positive;
  return [...new Set(all.map((value) => wrap(type, value)))];
}

export const pairs = <T>(values: readonly T[]): [T, T][] => values.flatMap((a) => values.map((b): [T, T] => [a, b]));
