/**
 * How values of the IR stand in JavaScript:
 * bool as boolean; u8, u16, u32 and i32 as number; u64, i64 and u128 as bigint;
 * `pointer` as two variables, a DataView (or null) and a number; `packet` as a place in the frame (or -1);
 * `map` as a reference (or null). Memory of a map value is a DataView of its own, so that no access can leave it.
 */
import type { Constant, IrType, Scalar } from "../../ir/ir.ts";

export type Representation = "boolean" | "number" | "bigint";

export const REPRESENTATION: Readonly<Record<Scalar, Representation>> = {
  bool: "boolean",
  u8: "number",
  u16: "number",
  u32: "number",
  i32: "number",
  u64: "bigint",
  i64: "bigint",
  u128: "bigint",
};

/** A place: `view` is the text of a DataView; where it points is `base` (text of a number, or null for 0) plus `constant`. */
export interface PlaceValue {
  readonly space: "memory" | "packet";
  readonly view: string;
  readonly base: string | null;
  readonly constant: number;
}

/** Text of where a place points, `more` bytes on. */
export function position(place: PlaceValue, more = 0): string {
  const constant = place.constant + more;
  if (place.base === null) return String(constant);
  return constant === 0 ? place.base : `${place.base} + ${constant}`;
}

export const moved = (place: PlaceValue, bytes: number): PlaceValue => ({ ...place, constant: place.constant + bytes });

/** Frame offset that stands for the null packet place. */
export const NULL_PACKET: PlaceValue = { space: "packet", view: "frame", base: "-1", constant: 0 };
export const NULL_POINTER: PlaceValue = { space: "memory", view: "null", base: null, constant: 0 };

export function literal(type: Scalar, value: bigint): string {
  if (type === "bool") return value === 0n ? "false" : "true";
  const text = REPRESENTATION[type] === "bigint" ? `${value}n` : String(value);
  return value < 0n ? `(${text})` : text;
}

export const constantText = (constant: Constant): string => literal(constant.type, constant.value);

/** What a variable of the type holds before it is set. */
export function initial(type: IrType): string {
  switch (type) {
    case "packet":
      return "-1";
    case "pointer":
    case "map":
      return "null";
    default:
      return literal(type, 0n);
  }
}

export function isScalar(type: IrType): type is Scalar {
  return type !== "packet" && type !== "pointer" && type !== "map";
}
