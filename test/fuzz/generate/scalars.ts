/** The language's scalar types as the generator sees them, and literals at the edges of their ranges. */
import type { ScalarName } from "../../../sdk/layout/data.ts";
import type { Random } from "../../kit/random.ts";

export type Scalar = ScalarName;

/** Written as bigint in TypeScript. */
const BIG: ReadonlySet<Scalar> = new Set(["u64", "i64", "ipv6", "mac", "address"]);
export const isBig = (type: Scalar): boolean => BIG.has(type);
export const isSigned = (type: Scalar): boolean => type === "i32" || type === "i64";
export const isAddress = (type: Scalar): boolean =>
  type === "ipv4" || type === "ipv6" || type === "mac" || type === "address";

export const INTEGERS = ["u8", "u16", "u32", "u64", "i32", "i64"] as const satisfies readonly Scalar[];
export const ADDRESSES = ["ipv4", "ipv6", "mac", "address"] as const satisfies readonly Scalar[];
export const WORDS = [...INTEGERS, ...ADDRESSES] as const;

export const BITS: Readonly<Record<Scalar, number>> = {
  bool: 1,
  u8: 8,
  u16: 16,
  u32: 32,
  u64: 64,
  i32: 32,
  i64: 64,
  ipv4: 32,
  ipv6: 128,
  mac: 48,
  address: 128,
};

/** u8 and u16 compute at 32 bits. */
export const computedAs = (type: Scalar): Scalar => (type === "u8" || type === "u16" ? "u32" : type);

/** A type, the common ones more often. */
export const anyInteger = (draw: Random): Scalar =>
  draw.weighted<Scalar>([
    [3, "u8"],
    [3, "u16"],
    [6, "u32"],
    [5, "u64"],
    [3, "i32"],
    [3, "i64"],
  ]);
export const anyWord = (draw: Random): Scalar => (draw.chance(0.85) ? anyInteger(draw) : draw.pick(ADDRESSES));
export const anyScalar = (draw: Random): Scalar => (draw.chance(0.9) ? anyWord(draw) : "bool");

const power = (bits: number): bigint => 1n << BigInt(bits);

function literalValue(type: Scalar, draw: Random): bigint {
  const bits = BITS[type];
  const signed = isSigned(type);
  const top = signed ? power(bits - 1) - 1n : power(bits) - 1n;
  const small = BigInt(draw.below(10));
  const value = draw.weighted<() => bigint>([
    [6, () => small],
    [2, () => top],
    [1, () => top - 1n],
    [2, () => power(draw.below(signed ? bits - 1 : bits))],
    [1, () => power(draw.below(signed ? bits - 1 : bits)) - 1n],
    [2, () => BigInt.asUintN(bits - (signed ? 1 : 0), (draw.u64() << 64n) | draw.u64())],
    [1, () => BigInt.asUintN(Math.min(16, bits - 1), draw.u64())],
  ])();
  if (!signed || draw.chance(0.6)) return value;
  return draw.chance(0.3) ? -value - 1n : -value;
}

const spelled = (value: bigint, draw: Random): string =>
  value >= 10n && draw.chance(0.4) ? `0x${value.toString(16)}` : String(value);

/** A literal in the type's range, without a conversion: the place it stands at must give it its width. */
export function literal(type: Scalar, draw: Random): string {
  if (type === "bool") return draw.chance(0.5) ? "true" : "false";
  const value = literalValue(type, draw);
  const suffix = isBig(type) ? "n" : "";
  return value < 0n ? `-${spelled(-value, draw)}${suffix}` : `${spelled(value, draw)}${suffix}`;
}

const texts: Readonly<Partial<Record<Scalar, (draw: Random) => string>>> = {
  ipv4: (draw) => `10.0.${draw.below(4)}.${draw.below(256)}`,
  ipv6: (draw) => `2001:db8::${draw.below(65536).toString(16)}`,
  mac: (draw) => `02:00:00:00:00:${draw.below(256).toString(16).padStart(2, "0")}`,
  address: (draw) => (draw.chance(0.5) ? `10.0.0.${draw.below(256)}` : `2001:db8::${draw.below(65536).toString(16)}`),
};

/** A literal that carries its type: `u16(5)`, `ipv4("10.0.0.1")`. */
export function typedLiteral(type: Scalar, draw: Random): string {
  if (type === "bool") return literal(type, draw);
  const text = texts[type];
  if (text !== undefined && draw.chance(0.5)) return `${type}("${text(draw)}")`;
  return `${type}(${literal(type, draw)})`;
}
