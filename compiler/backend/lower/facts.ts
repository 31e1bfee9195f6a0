/**
 * What the text of a function says about its temps: bounds that the verifier will see for itself, because they follow
 * from the very instructions that compute the value, and alignments. What needs a branch to know (a comparison, a
 * loop's condition) is left out on purpose: the optimiser may separate such a branch from the value it bounds.
 */
import type { Module, Op, Operand } from "../../ir/ir.ts";
import { maximaOf, typeMaximum } from "../../ir/maxima.ts";
import { hiddenFrom } from "./hidden.ts";
import { type NullTests, nullTestsOf } from "./null-tests.ts";
import type { Routine } from "./routines.ts";
import { tailCallsBeforePacket } from "./tail-calls.ts";
import { statements } from "./walk.ts";

export interface Facts extends NullTests {
  /** Whether an operand is the packet's length, whose range LLVM knows and the verifier does not. */
  isLength(operand: Operand): boolean;
  /** The largest value that an unsigned operand can have. */
  maximum(operand: Operand): bigint;
  /** Whether the verifier may see no bound of an operand although its maximum is known. */
  isHidden(operand: Operand): boolean;
  /** Whether the packet's bounds may be used behind a tail call that falls through. */
  usesPacketAfter(op: Op): boolean;
  /** A power of two up to 8 that divides the address. */
  alignment(operand: Operand): number;
  /** An unsigned operand as the sum of another and a constant, where that sum cannot wrap. */
  sum(operand: Operand): { readonly base: Operand; readonly constant: bigint };
}

/** Alignment of map values, ring-buffer records and stack slots. */
const WORD = 8;

const lowBit = (value: number): number => (value === 0 ? WORD : Math.min(WORD, value & -value));

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
  const maximum = maximaOf(owner.body);
  const busy = new Set<number>();

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
  const isLength = (operand: Operand): boolean =>
    operand.kind === "temp" && definitions.get(operand.id)?.op === "packetLength";
  const isHidden = hiddenFrom(definitions, assigned);
  const beforePacket = tailCallsBeforePacket(owner.body);
  const usesPacketAfter = (op: Op): boolean => beforePacket.has(op);
  return { isLength, maximum, isHidden, usesPacketAfter, alignment, sum, ...nullTestsOf(owner.body) };
}
