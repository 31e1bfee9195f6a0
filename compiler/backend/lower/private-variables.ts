/**
 * Which variables a callback has to itself: nothing around it names them, and each turn sets them before it reads them. They
 * take no room in the block that a callback shares with its caller, and may stay in registers.
 */
import type { Block, IrFunction, Statement } from "../../ir/ir.ts";
import { blocksOf } from "../../ir/operands.ts";
import type { CallbackStatement } from "./routines.ts";
import { opOf, statements } from "./walk.ts";

type Variables = ReadonlySet<number>;

const both = (a: Variables | null, b: Variables | null): Variables | null => {
  if (a === null || b === null) return a ?? b;
  return new Set([...a].filter((variable) => b.has(variable)));
};

const named = (statement: Statement): number | null => {
  if (statement.kind === "set") return statement.variable;
  const op = opOf(statement);
  return op?.op === "get" ? op.variable : null;
};

/** The variables that a block may read before it has set them. */
function readsFirst(body: Block): Variables {
  const found = new Set<number>();
  /** What is set for certain wherever a region is left by its label. */
  const left = new Map<number, Variables>();
  /** What is set behind a block, given what is before it; null when nothing comes behind it. */
  const visit = (block: Block, before: Variables): Variables | null => {
    const set = new Set(before);
    for (const statement of block) {
      const variable = named(statement);
      if (variable !== null && statement.kind !== "set" && !set.has(variable)) found.add(variable);
      if (statement.kind === "set") set.add(statement.variable);
      if (statement.kind === "break") left.set(statement.label, both(left.get(statement.label) ?? null, set) ?? set);
      if (statement.kind === "break" || statement.kind === "continue" || statement.kind === "return") return null;
      const behind = through(statement, set);
      if (behind === null) return null;
      for (const one of behind) set.add(one);
    }
    return set;
  };
  /** The same of a statement with blocks in it. */
  const through = (statement: Statement, before: Variables): Variables | null => {
    const inner = blocksOf(statement);
    if (inner.length === 0) return before;
    const ends = inner.map((one) => visit(one, before));
    if (statement.kind === "if" || statement.kind === "switch") return ends.reduce(both, null);
    // A turn may be the first, or there may be none.
    if (statement.kind !== "block") return before;
    return both(ends[0] ?? null, left.get(statement.label) ?? null);
  };
  visit(body, new Set());
  return found;
}

/** How often each variable is named in a block. */
function mentions(block: Block): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const statement of statements(block)) {
    const variable = named(statement);
    if (variable !== null) counts.set(variable, (counts.get(variable) ?? 0) + 1);
  }
  return counts;
}

export function privateVariables({ body }: CallbackStatement, around: IrFunction): Variables {
  const everywhere = mentions(around.body);
  const first = readsFirst(body);
  const own = [...mentions(body)].filter(([variable, count]) => everywhere.get(variable) === count);
  return new Set(own.map(([variable]) => variable).filter((variable) => !first.has(variable)));
}
