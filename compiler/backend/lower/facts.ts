/**
 * What the text of a function says about its temps: bounds that the verifier will see for itself, because they follow
 * from the very instructions that compute the value, and alignments. What needs a branch to know (a comparison, a
 * loop's condition) is left out on purpose: the optimiser may separate such a branch from the value it bounds.
 */
import type { Module, Op, Operand, Scalar } from "../../ir/ir.ts";
import { BITS } from "../../ir/ir.ts";
import { type NullTests, nullTestsOf } from "./null-tests.ts";
import type { Routine } from "./routines.ts";
import { statements } from "./walk.ts";

export interface Facts extends NullTests {
  /** The largest value that an unsigned operand can have. */
  maximum(operand: Operand): bigint;
  /** A power of two up to 8 that divides the address. */
  alignment(operand: Operand): number;
  /** An unsigned operand as the sum of another and a constant, where that sum cannot wrap. */
  sum(operand: Operand): { readonly base: Operand; readonly constant: bigint };
}

/** Alignment of map values, ring-buffer records and stack slots. */
const WORD = 8;

const lowBit = (value: number): number => (value === 0 ? WORD : Math.min(WORD, value & -value));
const typeMaximum = (type: Scalar): bigint => (1n << BigInt(BITS[type])) - 1n;
const smallest = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const largest = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function collect(routines: readonly Routine[]) {
  const definitions = new Map<number, Op>();
  const sets = new Map<Routine, Map<number, Operand[]>>();
  for (const routine of routines) {
    const assigned = new Map<number, Operand[]>();
    sets.set(routine, assigned);
    for (const statement of statements(routine.body)) {
      if (statement.kind === "let" && statement.result !== null) definitions.set(statement.result.id, statement.op);
      if (statement.kind === "set") {
        const known = assigned.get(statement.variable);
        if (known === undefined) assigned.set(statement.variable, [statement.value]);
        else known.push(statement.value);
      }
    }
  }
  return { definitions, sets };
}

/** Facts about one function: a program or function with all the callbacks made from it share one body. */
export function factsOf(module: Module, owner: Routine): Facts {
  const { definitions, sets } = collect([owner]);
  const assigned = sets.get(owner) ?? new Map<number, Operand[]>();
  const busy = new Set<number>();

  const ofBinary = (op: Extract<Op, { op: "binary" }>): bigint => {
    const top = typeMaximum(op.type);
    const a = maximum(op.a);
    const b = maximum(op.b);
    const within = (value: bigint): bigint => (value > top ? top : value);
    switch (op.operator) {
      case "add":
        return within(a + b);
      case "mul":
        return within(a * b);
      case "and":
        return smallest(a, b);
      case "or":
      case "xor":
        return (1n << BigInt(largest(a, b).toString(2).length)) - 1n;
      case "shl":
        return op.b.kind === "constant" ? within(a << (op.b.value % BigInt(BITS[op.type]))) : top;
      case "shr":
        // The verifier gives up on shifts by what it does not know, although the value cannot grow.
        return op.b.kind === "constant" ? a >> (op.b.value % BigInt(BITS[op.type])) : top;
      default:
        return top;
    }
  };

  const ofOp = (op: Op, type: Scalar): bigint => {
    const top = typeMaximum(type);
    switch (op.op) {
      case "binary":
        return ofBinary(op);
      case "convert":
        return op.from === "i32" || op.from === "i64" ? top : smallest(top, maximum(op.a));
      case "select":
        return largest(maximum(op.a), maximum(op.b));
      case "load":
        return op.type === "i32" || op.type === "i64" ? top : smallest(top, (1n << BigInt(op.bytes * 8)) - 1n);
      default:
        return top;
    }
  };

  const maximum = (operand: Operand): bigint => {
    if (operand.kind === "constant") return operand.value < 0n ? typeMaximum(operand.type) : operand.value;
    if (operand.kind === "null" || operand.type === "packet" || operand.type === "pointer" || operand.type === "map")
      return 0n;
    const op = definitions.get(operand.id);
    if (op === undefined || operand.type === "i32" || operand.type === "i64") return typeMaximum(operand.type);
    return smallest(ofOp(op, operand.type), typeMaximum(operand.type));
  };

  const alignment = (operand: Operand): number => {
    if (operand.kind !== "temp") return WORD;
    const op = definitions.get(operand.id);
    switch (op?.op) {
      case "slot":
      case "mapLookup":
      case "ringReserve":
        return WORD;
      case "global":
        return Math.min(WORD, module.globals[op.global]?.layout.align ?? 1);
      case "offset":
        return Math.min(alignment(op.a), lowBit(op.bytes));
      case "element":
        return Math.min(alignment(op.a), lowBit(op.stride));
      case "select":
        return Math.min(alignment(op.a), alignment(op.b));
      case "get": {
        // A variable that is set from itself is as aligned as the other things it is set from.
        if (busy.has(op.variable)) return WORD;
        busy.add(op.variable);
        const all = (assigned.get(op.variable) ?? []).map(alignment);
        busy.delete(op.variable);
        return Math.min(WORD, ...all);
      }
      default:
        return 1;
    }
  };

  const sum: Facts["sum"] = (operand) => {
    const op = operand.kind === "temp" ? definitions.get(operand.id) : undefined;
    if (op?.op !== "binary" || op.operator !== "add" || op.type !== "u32") return { base: operand, constant: 0n };
    const [rest, added] = op.b.kind === "constant" ? [op.a, op.b] : [op.b, op.a];
    if (added.kind !== "constant") return { base: operand, constant: 0n };
    if (maximum(rest) + added.value > typeMaximum("u32")) return { base: operand, constant: 0n };
    const inner = sum(rest);
    return { base: inner.base, constant: inner.constant + added.value };
  };
  return { maximum, alignment, sum, ...nullTestsOf(owner.body) };
}
