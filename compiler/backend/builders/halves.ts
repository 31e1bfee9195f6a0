/**
 * Stands before every builder: numbers of 128 bits become two of 64. LLVM would split them too, but not before it has
 * optimised them, and what it makes of them then may be a multiplication or a shift that only a library can do (x | x << 64
 * becomes x * (2^64 + 1)): there is no library in the kernel, and llc gives up.
 */
import type { BinaryInstruction, IrBuilder, LlvmType, Predicate, Value } from "../builder.ts";
import { checked } from "./checked.ts";

interface Halves {
  readonly low: Value;
  readonly high: Value;
}

const HALF = 64;

/** The handle of a 128-bit value. */
export const halvesOf = ({ handle }: Value): Halves => handle as Halves;

const wide = (low: Value, high: Value): Value => ({
  type: "i128",
  constant: low.constant === null || high.constant === null ? null : (high.constant << 64n) | low.constant,
  handle: { low, high },
});

const isWide = ({ type }: Value): boolean => type === "i128";

const unsupported = (what: string): never => {
  throw new Error(`no ${what} of 128 bits`);
};

/** What `narrow` does to numbers of up to 64 bits, for those of 128. */
function wideOperations(narrow: IrBuilder) {
  const i64 = (value: number | bigint): Value => narrow.constant("i64", BigInt(value));
  const each = (a: Value, b: Value, work: (a: Value, b: Value) => Value): Value =>
    wide(work(halvesOf(a).low, halvesOf(b).low), work(halvesOf(a).high, halvesOf(b).high));

  /** `near` is the half that bits leave for `far`: their shift goes on in there. */
  function shift(
    direction: "shl" | "lshr",
    near: Value,
    far: Value,
    count: number,
  ): readonly [near: Value, far: Value] {
    if (count >= HALF) return [i64(0), narrow.binary(direction, near, i64(count - HALF))];
    if (count === 0) return [near, far];
    const crossing = narrow.binary(direction === "shl" ? "lshr" : "shl", near, i64(HALF - count));
    const moved = narrow.binary(direction, far, i64(count));
    return [narrow.binary(direction, near, i64(count)), narrow.binary("or", moved, crossing)];
  }

  return {
    constant: (value: bigint): Value => wide(i64(BigInt.asUintN(HALF, value)), i64(value >> 64n)),
    load(pointer: Value): Value {
      const low = narrow.load("i64", pointer);
      return wide(low, narrow.load("i64", narrow.offset(pointer, i64(8))));
    },
    store(value: Value, pointer: Value): void {
      const { low, high } = halvesOf(value);
      narrow.store(low, pointer);
      narrow.store(high, narrow.offset(pointer, i64(8)));
    },
    binary(instruction: BinaryInstruction, a: Value, b: Value): Value {
      switch (instruction) {
        case "and":
        case "or":
        case "xor":
          return each(a, b, (x, y) => narrow.binary(instruction, x, y));
        case "shl": {
          const [low, high] = shift(
            "shl",
            halvesOf(a).low,
            halvesOf(a).high,
            Number(b.constant ?? unsupported(instruction)),
          );
          return wide(low, high);
        }
        case "lshr": {
          const [high, low] = shift(
            "lshr",
            halvesOf(a).high,
            halvesOf(a).low,
            Number(b.constant ?? unsupported(instruction)),
          );
          return wide(low, high);
        }
        default:
          return unsupported(instruction);
      }
    },
    compare(predicate: Predicate, a: Value, b: Value): Value {
      const [x, y] = [halvesOf(a), halvesOf(b)];
      if (predicate === "eq" || predicate === "ne") {
        const differs = narrow.binary("or", narrow.binary("xor", x.low, y.low), narrow.binary("xor", x.high, y.high));
        return narrow.compare(predicate, differs, i64(0));
      }
      if (predicate.startsWith("s")) return unsupported(predicate);
      const same = narrow.compare("eq", x.high, y.high);
      return narrow.select(same, narrow.compare(predicate, x.low, y.low), narrow.compare(predicate, x.high, y.high));
    },
    widen(value: Value, signed: boolean): Value {
      const low = narrow.cast(signed ? "sext" : "zext", value, "i64");
      return wide(low, signed ? narrow.binary("ashr", low, i64(HALF - 1)) : i64(0));
    },
    select: (condition: Value, a: Value, b: Value): Value => each(a, b, (x, y) => narrow.select(condition, x, y)),
  };
}

export function halved(to: IrBuilder): IrBuilder {
  const narrow = checked(to);
  const wides = wideOperations(narrow);
  return {
    ...to,
    constant: (type, value) => (type === "i128" ? wides.constant(value) : to.constant(type, value)),
    allocate: (type, count) => (type === "i128" ? to.allocate("i64", 2 * count) : to.allocate(type, count)),
    load: (type, pointer) => (type === "i128" ? wides.load(pointer) : to.load(type, pointer)),
    store: (value, pointer) => (isWide(value) ? wides.store(value, pointer) : to.store(value, pointer)),
    binary: (instruction, a, b) => (isWide(a) ? wides.binary(instruction, a, b) : to.binary(instruction, a, b)),
    compare: (predicate, a, b) => (isWide(a) ? wides.compare(predicate, a, b) : to.compare(predicate, a, b)),
    cast(cast, value, type: LlvmType) {
      if (type === "i128") return wides.widen(value, cast === "sext");
      return isWide(value) ? narrow.cast("trunc", halvesOf(value).low, type) : to.cast(cast, value, type);
    },
    select: (condition, a, b) => (isWide(a) ? wides.select(condition, a, b) : to.select(condition, a, b)),
  };
}
