/** Indices of arrays: those that the compiler can prove to be inside, and those it cannot. */
import { expression } from "./expressions.ts";
import type { Writer } from "./writer.ts";

const isPowerOfTwo = (value: number): boolean => (value & (value - 1)) === 0;

/** A u32 expression that is always below `length`. */
export function provenIndex(to: Writer, length: number): string {
  const { draw } = to;
  const counters = to.variables(({ type, high }) => type === "u32" && high !== null && high < BigInt(length));
  if (counters.length > 0 && draw.chance(0.5)) return draw.pick(counters).text;
  if (draw.chance(0.45)) return String(draw.below(length));
  const value = expression(to, "u32", 1);
  return isPowerOfTwo(length) && draw.chance(0.7) ? `${value} & ${length - 1}` : `${value} % ${length}`;
}

/** A u32 expression that may be outside. One that certainly is, which the compiler would refuse, it never is. */
export function unprovenIndex(to: Writer, length: number): string {
  const value = `${to.opaque} + ${expression(to, "u32", 1)}`;
  return to.draw.chance(0.5) ? `(${value}) & ${length * 2 - 1}` : value;
}
