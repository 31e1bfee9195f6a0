/**
 * Where each stack slot is in use: the smallest block that holds all its uses. Slots of blocks that are never active
 * together then share memory, of which there are 512 bytes.
 */
import type { Block, Op, Statement } from "../../ir/ir.ts";
import { blocksOf } from "../../ir/operands.ts";
import type { Routine } from "./routines.ts";
import { opOf } from "./walk.ts";

/** Slots by the block in which they live. Those that live as long as their routine are left out. */
export type Lifetimes = ReadonlyMap<Block, readonly number[]>;

/** The slots that a place may be in, by the temp that holds it. */
function slotsBehind(op: Op, known: ReadonlyMap<number, ReadonlySet<number>>): ReadonlySet<number> {
  const of = (...operands: readonly { readonly kind: string; readonly id?: number }[]): ReadonlySet<number> =>
    new Set(operands.flatMap(({ id }) => (id === undefined ? [] : [...(known.get(id) ?? [])])));
  switch (op.op) {
    case "slot":
      return new Set([op.slot]);
    case "offset":
    case "element":
      return of(op.a);
    case "select":
      return of(op.a, op.b);
    default:
      return new Set();
  }
}

/** The blocks around both. */
function shared(a: readonly Block[], b: readonly Block[]): readonly Block[] {
  const end = a.findIndex((block, index) => block !== b[index]);
  return end < 0 ? a : a.slice(0, end);
}

export function lifetimesOf(routine: Routine): Lifetimes {
  const around = new Map<number, readonly Block[]>();
  const behind = new Map<number, ReadonlySet<number>>();
  const use = (slot: number, path: readonly Block[]): void => {
    around.set(slot, shared(around.get(slot) ?? path, path));
  };

  const visitStatement = (statement: Statement, path: readonly Block[]): void => {
    const op = opOf(statement);
    if (op?.op === "slot") use(op.slot, path);
    if (statement.kind === "let" && statement.result !== null) {
      behind.set(statement.result.id, slotsBehind(statement.op, behind));
    }
    // A place kept in a variable may be used wherever the variable is.
    if (statement.kind === "set" && statement.value.kind === "temp") {
      for (const slot of behind.get(statement.value.id) ?? []) use(slot, []);
    }
    if (statement.kind === "drain") use(statement.slot, path);
    // A callback works on its caller's slots: for them it is a part of the statement.
    const called = statement.kind === "repeat" || statement.kind === "drain";
    for (const inner of blocksOf(statement)) visit(inner, called ? path : [...path, inner]);
  };
  const visit = (block: Block, path: readonly Block[]): void => {
    for (const statement of block) visitStatement(statement, path);
  };
  visit(routine.body, []);

  const lifetimes = new Map<Block, number[]>();
  for (const { id } of routine.slots) {
    const block = around.get(id)?.at(-1);
    if (block !== undefined) lifetimes.set(block, [...(lifetimes.get(block) ?? []), id]);
  }
  return lifetimes;
}
