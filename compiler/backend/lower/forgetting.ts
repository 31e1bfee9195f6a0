/**
 * What the verifier is made to forget. It follows every path, and takes two for one only when all that matters on them is the
 * same. A value that a loop computes anew from itself, an offset into the packet that moves on in some turns and not in others,
 * would be known to it exactly: another number on each path, and the paths multiply with every turn. So what loops and
 * callbacks compute and hand from turn to turn is forgotten where it is assigned, but for a bound that it always keeps.
 *
 * Counters stay known: they show that the loop ends. So do constants, of which there are few. What was read from the packet or
 * from a map is not known to begin with.
 */
import type { Block, IrType, Op, Operand, Statement } from "../../ir/ir.ts";
import { BITS } from "../../ir/ir.ts";
import { blocksOf, operandsOf } from "../../ir/operands.ts";
import type { IntegerType, Value } from "../builder.ts";
import { unknownZero } from "../prelude/helpers.ts";
import type { Facts } from "./facts.ts";
import { at, type Frame, homeOf, resize } from "./frame.ts";
import { readHome, writeHome } from "./memory.ts";
import { opOf, statements } from "./walk.ts";
import { halvesOf, joined } from "./wide.ts";

export interface Forgetting {
  /** Assignments of values to be forgotten. */
  readonly sets: ReadonlySet<Statement>;
  /** By loop or callback: variables to be forgotten before it begins. */
  readonly entering: ReadonlyMap<Statement, readonly number[]>;
  /** By variable: the bits that may be set in any of its values, a power of two less one. */
  readonly masks: ReadonlyMap<number, bigint>;
}

/** Constants that a variable may hold before a loop without being forgotten. */
const FEW = 2;

type Assignment = Extract<Statement, { kind: "set" }>;
type Turning = Extract<Statement, { kind: "loop" | "repeat" | "drain" }>;

const isNumber = (type: IrType): boolean =>
  type !== "packet" && type !== "pointer" && type !== "map" && type !== "bool";
const isTurning = (statement: Statement): statement is Turning =>
  statement.kind === "loop" || statement.kind === "repeat" || statement.kind === "drain";

/** What a number is computed from: known inputs make it known. */
const COMPUTES: ReadonlySet<Op["op"]> = new Set<Op["op"]>(["binary", "convert", "select", "swap"]);

/** Whether the verifier may know an operand's value on a path, and another one on another. */
function knowledgeOf(body: Block): (operand: Operand) => boolean {
  const definitions = new Map<number, Op>();
  for (const statement of statements(body)) {
    const op = opOf(statement);
    if (op !== null && statement.kind === "let" && statement.result !== null) definitions.set(statement.result.id, op);
  }
  const known = new Map<number, boolean>();
  const onStack = (place: Operand): boolean => {
    const op = place.kind === "temp" ? definitions.get(place.id) : undefined;
    return op?.op === "slot" || ((op?.op === "offset" || op?.op === "element") && onStack(op.a));
  };
  const find = (operand: Operand): boolean => {
    const op = operand.kind === "temp" ? definitions.get(operand.id) : undefined;
    if (op === undefined || operand.kind !== "temp") return false;
    if (op.op === "get" || op.op === "call") return true;
    if (op.op === "load") return onStack(op.place);
    if (!COMPUTES.has(op.op)) return false;
    const before = known.get(operand.id);
    if (before !== undefined) return before;
    const result = operandsOf(op).some((each) => isNumber(each.type) && find(each));
    known.set(operand.id, result);
    return result;
  };
  return find;
}

function maskOf(values: readonly Operand[], facts: Facts): bigint | null {
  let bits = 0;
  for (const value of values) {
    if (value.type === "i32" || value.type === "i64") return null;
    bits = Math.max(bits, facts.maximum(value).toString(2).length);
  }
  const [first] = values;
  const wide = first === undefined || !(first.type in BITS) ? 0 : BITS[first.type as keyof typeof BITS];
  return bits < wide ? (1n << BigInt(bits)) - 1n : null;
}

/** Of a program or function, its callbacks included. */
export function forgettingOf(body: Block, facts: Facts): Forgetting {
  const isKnown = knowledgeOf(body);
  const all = statements(body);
  const counters = new Set(all.flatMap((one) => (one.kind === "loop" && one.counter !== null ? [one.counter] : [])));
  const assigned = new Map<number, Operand[]>();
  for (const one of all)
    if (one.kind === "set") assigned.set(one.variable, [...(assigned.get(one.variable) ?? []), one.value]);
  const forgotten = (one: Statement): one is Assignment =>
    one.kind === "set" && isNumber(one.value.type) && !counters.has(one.variable) && isKnown(one.value);

  const sets = new Set<Statement>();
  const entering = new Map<Statement, readonly number[]>();
  const masks = new Map<number, bigint>();
  const visit = (block: Block, around: boolean): void => {
    for (const statement of block) {
      if (around && forgotten(statement)) sets.add(statement);
      if (isTurning(statement)) {
        const inside = new Set(statements(statement.body));
        const carried = new Set([...inside].filter(forgotten).map(({ variable }) => variable));
        const varies = (variable: number): boolean => {
          const starts = all.filter((one) => one.kind === "set" && one.variable === variable && !inside.has(one));
          return starts.length > FEW || starts.some((one) => one.kind === "set" && one.value.kind === "temp");
        };
        entering.set(statement, [...carried].filter(varies));
        for (const variable of carried) {
          const mask = maskOf(assigned.get(variable) ?? [], facts);
          if (mask !== null) masks.set(variable, mask);
        }
      }
      for (const inner of blocksOf(statement)) visit(inner, around || isTurning(statement));
    }
  };
  visit(body, false);
  return { sets, entering, masks };
}

/** Whether a statement, by itself, forgets anything. */
export const forgets = ({ forgetting }: Frame, statement: Statement): boolean =>
  forgetting.sets.has(statement) || (forgetting.entering.get(statement)?.length ?? 0) > 0;

/** Half a word behind the start of a word: see `unknownZero`. */
const HALF_WORD = 4;

/** Makes the zero here, for all that comes after, where the routine needs one. */
export function makeZero(frame: Frame): void {
  if (frame.zeroWord !== null) frame.zero = frame.builder.call(unknownZero, [at(frame, frame.zeroWord, HALF_WORD)]);
}

/** Lowers a statement, with a zero made before it when it is an outermost loop or callback that forgets anything. */
export function withZero(frame: Frame, statement: Statement, lower: () => void): void {
  const all = statement.kind === "loop" ? statements([statement]) : [statement];
  const needed = frame.zero === null && isTurning(statement) && all.some((one) => forgets(frame, one));
  if (needed) makeZero(frame);
  lower();
  if (needed) frame.zero = null;
}

/** Wide numbers half by half. */
function unknown(frame: Frame, value: Value, zero: Value): Value {
  const { builder } = frame;
  if (value.type !== "i128") return builder.binary("xor", value, resize(frame, zero, value.type));
  const { low, high } = halvesOf(frame, value);
  return joined(frame, { low: builder.binary("xor", low, zero), high: builder.binary("xor", high, zero) });
}

/** The same number, of which the verifier knows nothing but what holds for all values of the variable. */
export function forget(frame: Frame, variable: number, value: Value): Value {
  const { builder, zero } = frame;
  if (zero === null) throw new Error(`${frame.routine.name} forgets nothing`);
  const forgotten = unknown(frame, value, zero);
  const mask = frame.forgetting.masks.get(variable);
  if (mask === undefined) return forgotten;
  return builder.binary("and", forgotten, builder.constant(value.type as IntegerType, mask));
}

/** Before a loop, or a callback. */
export function forgetEntering(frame: Frame, turning: Turning): void {
  for (const variable of frame.forgetting.entering.get(turning) ?? []) {
    const home = homeOf(frame, variable);
    writeHome(frame, home, forget(frame, variable, readHome(frame, home)));
  }
}
