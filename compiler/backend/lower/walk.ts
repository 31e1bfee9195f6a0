/** Every statement of a block and of the blocks inside it, outer before inner, one at a time. */
import type { Block, Op, Statement } from "../../ir/ir.ts";
import { blocksOf } from "../../ir/operands.ts";

export function* statements(block: Block): Generator<Statement> {
  for (const statement of block) {
    yield statement;
    for (const inner of blocksOf(statement)) yield* statements(inner);
  }
}

/** The operation of a statement, where it has one. */
export const opOf = (statement: Statement): Op | null => (statement.kind === "let" ? statement.op : null);
