/** 128-bit values as halves, and their shifts by a count that is not constant. */
import type { Value } from "../builder.ts";
import { opaque } from "../prelude/helpers.ts";
import { type Frame, resize } from "./frame.ts";

const HALF = 64n;

interface Halves {
  readonly low: Value;
  readonly high: Value;
}

export const halvesOf = (frame: Frame, value: Value): Halves => ({
  low: resize(frame, value, "i64"),
  high: resize(frame, frame.builder.binary("lshr", value, frame.builder.constant("i128", HALF)), "i64"),
});

/** One 128-bit value from two halves. */
export function joined(frame: Frame, { low, high }: Halves): Value {
  const { builder } = frame;
  const shifted = builder.binary("shl", resize(frame, high, "i128"), builder.constant("i128", HALF));
  return builder.binary("or", shifted, resize(frame, low, "i128"));
}

/** `count` is below 128. */
export function shiftWide(frame: Frame, direction: "shl" | "lshr", value: Value, count: Value): Value {
  const { builder } = frame;
  const i64 = (number: bigint): Value => builder.constant("i64", number);
  const { low, high } = halvesOf(frame, value);
  const [near, far] = direction === "shl" ? [low, high] : [high, low];
  const opposite = direction === "shl" ? "lshr" : "shl";
  const narrow = resize(frame, count, "i64");
  const within = builder.binary("and", narrow, i64(HALF - 1n));
  const whole = builder.compare("uge", narrow, i64(HALF));
  const moved = builder.binary(direction, near, within);
  // The bits that cross over: a shift by 64 - n, in two steps since it is by 64 where n is 0.
  const rest = builder.binary("xor", within, i64(HALF - 1n));
  const crossing = builder.binary(opposite, builder.binary(opposite, near, i64(1n)), rest);
  const nearer = builder.select(whole, i64(0n), moved);
  const further = builder.select(whole, moved, builder.binary("or", builder.binary(direction, far, within), crossing));
  // As for narrower values: LLVM would know a bound that the verifier does not.
  const forgotten = (half: Value): Value => builder.call(opaque("i64"), [half]);
  const [lower, upper] = direction === "shl" ? [nearer, further] : [further, nearer];
  return joined(frame, { low: forgotten(lower), high: forgotten(upper) });
}
