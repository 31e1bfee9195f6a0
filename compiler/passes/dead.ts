/** Takes away what nobody sees: values without a use, variables without a reader, statements that are not reached. */
import type { Block, IrFunction, Op, Operand, Statement } from "../ir/ir.ts";
import { statementOperands, walk } from "../ir/operands.ts";
import { isSilent } from "./effects.ts";
import { leaves, replaceBlocks } from "./operands.ts";

interface Uses {
  readonly temps: ReadonlySet<number>;
  readonly variables: ReadonlySet<number>;
  readonly slots: ReadonlySet<number>;
}

function usesOf(body: Block): Uses {
  const temps = new Set<number>();
  const variables = new Set<number>();
  const slots = new Set<number>();
  const read = (operand: Operand): void => {
    if (operand.kind === "temp") temps.add(operand.id);
  };
  const readOp = (op: Op): void => {
    if (op.op === "get") variables.add(op.variable);
    if (op.op === "slot") slots.add(op.slot);
  };
  walk(body, (statement) => {
    statementOperands(statement).forEach(read);
    if (statement.kind === "let") readOp(statement.op);
    if (statement.kind === "drain") slots.add(statement.slot);
  });
  return { temps, variables, slots };
}

const isEmpty = (statement: Statement): boolean =>
  (statement.kind === "if" && statement.then.length === 0 && statement.otherwise.length === 0) ||
  (statement.kind === "switch" &&
    [...statement.cases, { body: statement.otherwise }].every(({ body }) => body.length === 0)) ||
  (statement.kind === "block" && statement.body.length === 0);

function sweep(block: Block, uses: Uses): Block {
  const kept: Statement[] = [];
  for (const statement of block) {
    if (statement.kind === "set" && !uses.variables.has(statement.variable)) continue;
    if (statement.kind === "let" && isSilent(statement.op)) {
      if (statement.result === null || !uses.temps.has(statement.result.id)) continue;
    }
    const swept = replaceBlocks(statement, (inner) => sweep(inner, uses));
    if (isEmpty(swept)) continue;
    kept.push(swept);
    if (leaves([swept])) break;
  }
  return kept;
}

/** Until nothing more goes: what a dead value was made of may be dead next. */
export function removeDead<F extends IrFunction>(fn: F): F {
  let body = fn.body;
  for (;;) {
    const uses = usesOf(body);
    const next = sweep(body, uses);
    if (same(body, next)) {
      const variables = fn.variables.filter(({ id }) => uses.variables.has(id));
      return { ...fn, body, variables, slots: fn.slots.filter(({ id }) => uses.slots.has(id)) };
    }
    body = next;
  }
}

const count = (block: Block): number => {
  let statements = 0;
  walk(block, () => {
    statements += 1;
  });
  return statements;
};
/** Sweeping only ever takes away. */
const same = (before: Block, after: Block): boolean => count(before) === count(after);
