/** The language's own number rules: widths, ranges, which types meet in which operator. See docs/language.md, "Types and values". */
import type { Constant, IrType, Operand, Scalar } from "../ir/ir.ts";
import type { ScalarType, ScalarValue } from "./values.ts";

/** How each type computes: the IR type of its temps. */
export const IR_TYPE: Readonly<Record<ScalarType, Scalar>> = {
  bool: "bool",
  u8: "u32",
  u16: "u32",
  u32: "u32",
  u64: "u64",
  i32: "i32",
  i64: "i64",
  ipv4: "u32",
  ipv6: "u128",
  mac: "u64",
  address: "u128",
};

const power = (bits: number): bigint => 1n << BigInt(bits);
export const RANGE: Readonly<Record<ScalarType, readonly [bigint, bigint]>> = {
  bool: [0n, 1n],
  u8: [0n, power(8) - 1n],
  u16: [0n, power(16) - 1n],
  u32: [0n, power(32) - 1n],
  u64: [0n, power(64) - 1n],
  i32: [-power(31), power(31) - 1n],
  i64: [-power(63), power(63) - 1n],
  ipv4: [0n, power(32) - 1n],
  ipv6: [0n, power(128) - 1n],
  mac: [0n, power(48) - 1n],
  address: [0n, power(128) - 1n],
};

export const IR_RANGE = (type: Scalar): readonly [bigint, bigint] =>
  type === "u128" ? [0n, power(128) - 1n] : RANGE[type];

/** Written as `number` in TypeScript; the rest are bigint (or boolean). */
export const isNumber = (type: ScalarType): boolean =>
  type === "u8" || type === "u16" || type === "u32" || type === "i32" || type === "ipv4";
export const isSignedType = (type: ScalarType): boolean => type === "i32" || type === "i64";
export const isAddress = (type: ScalarType): boolean =>
  type === "ipv4" || type === "ipv6" || type === "mac" || type === "address";

/** u8, u16 and u32 compute as u32. */
export const arithmeticType = (type: ScalarType): ScalarType => (type === "u8" || type === "u16" ? "u32" : type);

export const wrap = (type: Scalar, value: bigint): bigint => {
  switch (type) {
    case "bool":
      return value & 1n;
    case "i32":
      return BigInt.asIntN(32, value);
    case "i64":
      return BigInt.asIntN(64, value);
    default:
      return BigInt.asUintN(type === "u128" ? 128 : Number(type.slice(1)), value);
  }
};

export const constant = (type: Scalar, value: bigint): Constant => ({
  kind: "constant",
  type,
  value: wrap(type, value),
});
export const isConstant = (operand: Operand): operand is Constant => operand.kind === "constant";

export function scalar(type: ScalarType, operand: Operand, low?: bigint, high?: bigint): ScalarValue {
  if (operand.kind === "constant") return { kind: "scalar", type, operand, low: operand.value, high: operand.value };
  const [min, max] = RANGE[type];
  return { kind: "scalar", type, operand, low: low ?? min, high: high ?? max };
}

export const scalarConstant = (type: ScalarType, value: bigint): ScalarValue =>
  scalar(type, constant(IR_TYPE[type], value));

export const fits = (value: { readonly low: bigint; readonly high: bigint }, type: ScalarType): boolean =>
  value.low >= RANGE[type][0] && value.high <= RANGE[type][1];

/** Whether a value of one type may stand, unconverted, where another is wanted (ranges permitting). */
export function compatible(from: ScalarType, to: ScalarType): boolean {
  if (from === to) return true;
  const unsignedNumber = (type: ScalarType) => type === "u8" || type === "u16" || type === "u32";
  return unsignedNumber(from) && unsignedNumber(to);
}

export const isIrScalar = (type: IrType): type is Scalar => type !== "packet" && type !== "pointer" && type !== "map";
