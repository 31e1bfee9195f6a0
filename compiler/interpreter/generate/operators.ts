/** Arithmetic: one table per width, whose entries are the meaning of the operators. */
import type { BinaryOperator, CompareOperator, Scalar } from "../../ir/ir.ts";
import { BITS, isSigned } from "../../ir/ir.ts";
import { InterpreterFault } from "../fault.ts";
import { REPRESENTATION } from "./values.ts";

type Binary = Readonly<Record<BinaryOperator, (a: string, b: string) => string>>;

/** Division by zero gives 0 and remainder the dividend, as the eBPF instructions do. */
const u32: Binary = {
  add: (a, b) => `(${a} + ${b}) >>> 0`,
  sub: (a, b) => `(${a} - ${b}) >>> 0`,
  mul: (a, b) => `Math.imul(${a}, ${b}) >>> 0`,
  div: (a, b) => `${b} === 0 ? 0 : (${a} / ${b}) >>> 0`,
  rem: (a, b) => `${b} === 0 ? ${a} : (${a} % ${b}) >>> 0`,
  and: (a, b) => `(${a} & ${b}) >>> 0`,
  or: (a, b) => `(${a} | ${b}) >>> 0`,
  xor: (a, b) => `(${a} ^ ${b}) >>> 0`,
  shl: (a, b) => `(${a} << ${b}) >>> 0`,
  shr: (a, b) => `${a} >>> ${b}`,
};

const i32: Binary = {
  add: (a, b) => `(${a} + ${b}) | 0`,
  sub: (a, b) => `(${a} - ${b}) | 0`,
  mul: (a, b) => `Math.imul(${a}, ${b})`,
  div: (a, b) => `${b} === 0 ? 0 : (${a} / ${b}) | 0`,
  rem: (a, b) => `${b} === 0 ? ${a} : (${a} % ${b}) | 0`,
  and: (a, b) => `${a} & ${b}`,
  or: (a, b) => `${a} | ${b}`,
  xor: (a, b) => `${a} ^ ${b}`,
  shl: (a, b) => `${a} << ${b}`,
  shr: (a, b) => `${a} >> ${b}`,
};

/**
 * BigInt is exact, so every result is cut to its width, also where nothing is cut off: V8 computes with 64-bit
 * registers where it sees the cut, and with heap objects, twenty times slower, where it does not.
 */
function wide(type: "u64" | "i64" | "u128"): Binary {
  const cut = (expression: string) => `BigInt.as${isSigned(type) ? "Int" : "Uint"}N(${BITS[type]}, ${expression})`;
  const count = (b: string) => shiftCount(b, BITS[type]);
  return {
    add: (a, b) => cut(`${a} + ${b}`),
    sub: (a, b) => cut(`${a} - ${b}`),
    mul: (a, b) => cut(`${a} * ${b}`),
    div: (a, b) => `${b} === 0n ? 0n : ${cut(`${a} / ${b}`)}`,
    rem: (a, b) => `${b} === 0n ? ${a} : ${cut(`${a} % ${b}`)}`,
    and: (a, b) => cut(`${a} & ${b}`),
    or: (a, b) => cut(`${a} | ${b}`),
    xor: (a, b) => cut(`${a} ^ ${b}`),
    shl: (a, b) => cut(`${a} << ${count(b)}`),
    shr: (a, b) => cut(`${a} >> ${count(b)}`),
  };
}

/** Modulo the width; of a literal here already, since V8's fast shifts want a constant count. */
function shiftCount(b: string, bits: number): string {
  return /^\d+n$/.test(b) ? `${BigInt(b.slice(0, -1)) % BigInt(bits)}n` : `(${b} & ${bits - 1}n)`;
}

const refused = (): never => {
  throw new InterpreterFault("operators work at 32 and 64 bits, on u128 only those on bits, on bool only and, or, xor");
};

const NO_ARITHMETIC = { add: refused, sub: refused, mul: refused, div: refused, rem: refused };
const NONE: Binary = { ...NO_ARITHMETIC, and: refused, or: refused, xor: refused, shl: refused, shr: refused };

const bool: Binary = {
  ...NONE,
  and: (a, b) => `${a} && ${b}`,
  or: (a, b) => `${a} || ${b}`,
  xor: (a, b) => `${a} !== ${b}`,
};

export const BINARY: Readonly<Record<Scalar, Binary>> = {
  bool,
  u8: NONE,
  u16: NONE,
  u32,
  i32,
  u64: wide("u64"),
  i64: wide("i64"),
  u128: { ...wide("u128"), ...NO_ARITHMETIC },
};

/** Order of false and true is that of 0 and 1, as JavaScript has it. */
export const COMPARE: Readonly<Record<CompareOperator, string>> = {
  eq: "===",
  ne: "!==",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};

const TRUNCATE: Readonly<Record<"u8" | "u16" | "u32" | "i32", (a: string) => string>> = {
  u8: (a) => `${a} & 255`,
  u16: (a) => `${a} & 65535`,
  u32: (a) => `${a} >>> 0`,
  i32: (a) => `${a} | 0`,
};

/** True when every value of `from` is one of `to`, in the same representation. */
const widens = (from: Scalar, to: Scalar): boolean =>
  from === to || (!isSigned(from) && BITS[from] <= BITS[to] - (isSigned(to) ? 1 : 0));

/** Truncates, extends by the source's sign, or reinterprets. */
export function converted(from: Scalar, to: Scalar, a: string): string {
  if (from === to) return a;
  if (from === "bool") return REPRESENTATION[to] === "bigint" ? `${a} ? 1n : 0n` : `${a} ? 1 : 0`;
  const wideSource = REPRESENTATION[from] === "bigint";
  if (to === "bool") return wideSource ? `(${a} & 1n) !== 0n` : `(${a} & 1) !== 0`;
  if (REPRESENTATION[to] === "number") {
    if (wideSource) return TRUNCATE[to as "u32"](`Number(BigInt.asUintN(32, ${a}))`);
    return widens(from, to) ? a : TRUNCATE[to as "u32"](a);
  }
  const value = wideSource ? a : `BigInt(${a})`;
  if (widens(from, to)) return value;
  if (from === "i32" && to === "i64") return value;
  return `BigInt.as${isSigned(to) ? "Int" : "Uint"}N(${BITS[to]}, ${value})`;
}

export function swapped(type: "u16" | "u32" | "u64", a: string): string {
  if (type === "u16") return `((${a} & 255) << 8) | (${a} >>> 8)`;
  if (type === "u64") return `swap64(${a})`;
  return `((${a} << 24) | ((${a} & 65280) << 8) | ((${a} >>> 8) & 65280) | (${a} >>> 24)) >>> 0`;
}
