/** Takes away what nobody sees: values without a use, variables without a reader, statements that are not reached. */
import type { Block, IrFunction, Statement } from "../ir/ir.ts";
import { blocksOf, statementOperands, walk } from "../ir/operands.ts";
import { isSilent } from "./effects.ts";
import { leaves, replaceBlocks } from "./operands.ts";

/** How often each temp, variable and slot is read, by its id. */
class Uses {
  readonly temps = new Map<number, number>();
  readonly variables = new Map<number, number>();
  readonly slots = new Map<number, number>();
  /** Statements taken back so far. */
  gone = 0;

  /** Counts what a statement itself reads, or with -1 takes it back. */
  count(statement: Statement, by: 1 | -1): void {
    if (by === -1) this.gone += 1;
    for (const operand of statementOperands(statement)) if (operand.kind === "temp") add(this.temps, operand.id, by);
    if (statement.kind === "let") {
      if (statement.op.op === "get") add(this.variables, statement.op.variable, by);
      if (statement.op.op === "slot") add(this.slots, statement.op.slot, by);
    }
    if (statement.kind === "drain") add(this.slots, statement.slot, by);
  }
}

const add = (counts: Map<number, number>, id: number, by: number): void => {
  counts.set(id, (counts.get(id) ?? 0) + by);
};
const isRead = (counts: ReadonlyMap<number, number>, id: number): boolean => (counts.get(id) ?? 0) > 0;

const isEmpty = (statement: Statement): boolean =>
  (statement.kind === "if" && statement.then.length === 0 && statement.otherwise.length === 0) ||
  (statement.kind === "switch" &&
    [...statement.cases, { body: statement.otherwise }].every(({ body }) => body.length === 0)) ||
  (statement.kind === "block" && statement.body.length === 0);

function isDead(statement: Statement, uses: Uses): boolean {
  if (statement.kind === "set") return !isRead(uses.variables, statement.variable);
  if (statement.kind !== "let" || !isSilent(statement.op)) return false;
  return statement.result === null || !isRead(uses.temps, statement.result.id);
}

/** From the last statement to the first: what only a dead value was made of is dead when its turn comes. The same block when all stays. */
function sweep(block: Block, uses: Uses): Block {
  const before = uses.gone;
  const kept: Statement[] = [];
  for (let at = block.length - 1; at >= 0; at--) {
    const statement = block[at] as Statement;
    if (isDead(statement, uses)) {
      uses.count(statement, -1);
      continue;
    }
    const swept =
      blocksOf(statement).length === 0 ? statement : replaceBlocks(statement, (inner) => sweep(inner, uses));
    if (isEmpty(swept)) {
      uses.count(swept, -1);
      continue;
    }
    // What stands behind it is not reached.
    if (leaves([swept])) for (const lost of kept.splice(0)) walk([lost], (one) => uses.count(one, -1));
    kept.push(swept);
  }
  return uses.gone === before ? block : kept.reverse();
}

/** Until nothing more goes: what is dead behind a loop's end may have been read before it. */
export function removeDead<F extends IrFunction>(fn: F): F {
  const uses = new Uses();
  walk(fn.body, (statement) => uses.count(statement, 1));
  let { body } = fn;
  for (let before = -1; before !== uses.gone; ) {
    before = uses.gone;
    body = sweep(body, uses);
  }
  const variables = fn.variables.filter(({ id }) => isRead(uses.variables, id));
  return { ...fn, body, variables, slots: fn.slots.filter(({ id }) => isRead(uses.slots, id)) };
}
