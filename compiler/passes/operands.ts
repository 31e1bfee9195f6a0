/** Replacing operands of operations and statements, for passes that know another name of a value. */
import type { Block, IrFunction, Op, Operand, Statement } from "../ir/ir.ts";
import { operandsOf, statementOperands, walk } from "../ir/operands.ts";

export type Replace = (operand: Operand) => Operand;

const KINDS: ReadonlySet<unknown> = new Set(["constant", "null", "temp"]);

const isOperand = (value: unknown): value is Operand =>
  typeof value === "object" && value !== null && "kind" in value && KINDS.has(value.kind);

/** Operands stand in fields of their own, in lists, and inside the map operand of a map found at run time. */
function replaceIn(value: unknown, replace: Replace): unknown {
  if (isOperand(value)) return replace(value);
  if (Array.isArray(value)) return value.some(isOperand) ? value.map((one) => replaceIn(one, replace)) : value;
  if (typeof value === "object" && value !== null && "kind" in value && value.kind === "dynamic")
    return replaceFields(value, replace, []);
  return value;
}

/** The same object when nothing in it changes. */
function replaceFields<T extends object>(thing: T, replace: Replace, except: readonly string[]): T {
  let changed: T | null = null;
  for (const name of Object.keys(thing) as (keyof T & string)[]) {
    const value = thing[name];
    if (typeof value !== "object" || value === null || except.includes(name)) continue;
    const next = replaceIn(value, replace);
    if (next === value) continue;
    changed ??= { ...thing };
    changed[name] = next as T[typeof name];
  }
  return changed ?? thing;
}

/** Most passes change few: what is read is looked at first, which is cheaper than to look at every field. */
const changes = (operands: readonly Operand[], replace: Replace): boolean =>
  operands.some((operand) => replace(operand) !== operand);

export const replaceInOp = (op: Op, replace: Replace): Op =>
  changes(operandsOf(op), replace) ? replaceFields(op, replace, []) : op;

/** What a statement reads. The temps that it names, and the blocks inside it, stay. */
export function replaceInStatement<S extends Statement>(statement: S, replace: Replace): S {
  if (statement.kind !== "let") {
    if (!changes(statementOperands(statement), replace)) return statement;
    return replaceFields(statement, replace, ["result", "index"]);
  }
  const op = replaceInOp(statement.op, replace);
  return op === statement.op ? statement : { ...statement, op };
}

/** The same statement with other blocks inside. */
export function replaceBlocks(statement: Statement, replace: (block: Block) => Block): Statement {
  switch (statement.kind) {
    case "if":
      return { ...statement, then: replace(statement.then), otherwise: replace(statement.otherwise) };
    case "switch": {
      const cases = statement.cases.map((each) => ({ ...each, body: replace(each.body) }));
      return { ...statement, cases, otherwise: replace(statement.otherwise) };
    }
    case "loop":
    case "block":
    case "repeat":
    case "drain":
      return { ...statement, body: replace(statement.body) };
    default:
      return statement;
  }
}

/** Whether what follows the statement is never reached through it. */
export const leaves = (block: Block): boolean => {
  const last = block.at(-1);
  if (last === undefined) return false;
  if (last.kind === "return" || last.kind === "break" || last.kind === "continue") return true;
  return last.kind === "if" && leaves(last.then) && leaves(last.otherwise);
};

/** Ids from the next one on are free for new temps. */
export function greatestTemp(fn: IrFunction): number {
  let greatest = Math.max(-1, ...fn.parameters.map(({ id }) => id));
  walk(fn.body, (statement) => {
    if (statement.kind === "let" || statement.kind === "drain")
      greatest = Math.max(greatest, statement.result?.id ?? -1);
    if (statement.kind === "repeat") greatest = Math.max(greatest, statement.index.id);
  });
  return greatest;
}
