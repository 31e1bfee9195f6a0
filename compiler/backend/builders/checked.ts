/**
 * Stands before every builder: checks types (llvm-bindings does not, and LLVM's verifier misses some mismatches), and
 * folds constants, so that all builders see the same instructions.
 */
import {
  type BinaryInstruction,
  type IrBuilder,
  isInteger,
  type LlvmType,
  type Predicate,
  type Value,
  widthOf,
} from "../builder.ts";

const unsigned = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);
const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);

/** Folding of constants; null where LLVM leaves the result undefined. */
const FOLD: Readonly<Record<BinaryInstruction, (a: bigint, b: bigint, bits: number) => bigint | null>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  udiv: (a, b) => (b === 0n ? null : a / b),
  urem: (a, b) => (b === 0n ? null : a % b),
  sdiv: (a, b, bits) => (b === 0n ? null : signed(a, bits) / signed(b, bits)),
  srem: (a, b, bits) => (b === 0n ? null : signed(a, bits) % signed(b, bits)),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, bits) => (b >= bits ? null : a << b),
  lshr: (a, b, bits) => (b >= bits ? null : a >> b),
  ashr: (a, b, bits) => (b >= bits ? null : signed(a, bits) >> b),
};

const HOLDS: Readonly<Record<Predicate, (a: bigint, b: bigint, bits: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  ult: (a, b) => a < b,
  ule: (a, b) => a <= b,
  ugt: (a, b) => a > b,
  uge: (a, b) => a >= b,
  slt: (a, b, bits) => signed(a, bits) < signed(b, bits),
  sle: (a, b, bits) => signed(a, bits) <= signed(b, bits),
  sgt: (a, b, bits) => signed(a, bits) > signed(b, bits),
  sge: (a, b, bits) => signed(a, bits) >= signed(b, bits),
};

/** The operand that `x op constant` is equal to without computing, if any. */
function unchanged(instruction: BinaryInstruction, a: Value, b: Value): Value | null {
  if (b.constant === null) return null;
  const ones = unsigned(-1n, widthOf(b.type));
  switch (instruction) {
    case "add":
    case "sub":
    case "or":
    case "xor":
    case "shl":
    case "lshr":
    case "ashr":
      return b.constant === 0n ? a : null;
    case "mul":
    case "udiv":
    case "sdiv":
      return b.constant === 1n ? a : null;
    case "and":
      return b.constant === ones ? a : b.constant === 0n ? b : null;
    default:
      return null;
  }
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`ill-typed LLVM instruction: ${what}`);
}

export function checked(to: IrBuilder): IrBuilder {
  const constant = (type: LlvmType, value: bigint): Value => {
    if (!isInteger(type)) throw new Error(`no constant of type ${type}`);
    return to.constant(type, unsigned(value, widthOf(type)));
  };
  const pointer = (value: Value, what: string): void => expect(value.type === "ptr", `${what} of ${value.type}`);
  return {
    ...to,
    constant,
    load(type, from) {
      pointer(from, "load");
      return to.load(type, from);
    },
    store(value, at) {
      pointer(at, "store");
      to.store(value, at);
    },
    offset(from, bytes) {
      pointer(from, "offset");
      expect(bytes.type === "i64", `offset by ${bytes.type}`);
      return bytes.constant === 0n ? from : to.offset(from, bytes);
    },
    binary(instruction, a, b) {
      expect(a.type === b.type && isInteger(a.type), `${instruction} ${a.type}, ${b.type}`);
      const bits = widthOf(a.type);
      if (a.constant !== null && b.constant !== null) {
        const folded = FOLD[instruction](a.constant, b.constant, bits);
        if (folded !== null) return constant(a.type, folded);
      }
      return unchanged(instruction, a, b) ?? to.binary(instruction, a, b);
    },
    compare(predicate, a, b) {
      expect(a.type === b.type, `icmp ${a.type}, ${b.type}`);
      if (a.constant !== null && b.constant !== null) {
        return constant("i1", HOLDS[predicate](a.constant, b.constant, widthOf(a.type)) ? 1n : 0n);
      }
      return to.compare(predicate, a, b);
    },
    cast(cast, value, type) {
      if (value.type === type) return value;
      if (cast === "ptrtoint") expect(value.type === "ptr" && type === "i64", `ptrtoint to ${type}`);
      else if (cast === "inttoptr") expect(value.type === "i64" && type === "ptr", `inttoptr of ${value.type}`);
      else {
        const grows = widthOf(type) > widthOf(value.type);
        expect(grows === (cast !== "trunc"), `${cast} ${value.type} to ${type}`);
        if (value.constant !== null) {
          return constant(type, cast === "sext" ? signed(value.constant, widthOf(value.type)) : value.constant);
        }
      }
      return to.cast(cast, value, type);
    },
    select(condition, a, b) {
      expect(condition.type === "i1" && a.type === b.type, `select ${condition.type}, ${a.type}, ${b.type}`);
      if (condition.constant !== null) return condition.constant === 1n ? a : b;
      return to.select(condition, a, b);
    },
    call(callee, values) {
      const given = values.map((value) => value.type).join(", ");
      expect(
        given === callee.parameters.join(", "),
        `${callee.name}(${given}), wanted (${callee.parameters.join(", ")})`,
      );
      return to.call(callee, values);
    },
    branch(condition, then, otherwise) {
      expect(condition.type === "i1", `branch on ${condition.type}`);
      to.branch(condition, then, otherwise);
    },
  };
}
