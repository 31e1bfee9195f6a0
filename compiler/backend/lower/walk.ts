/** All statements of a block and of the blocks inside it, outer before inner. */
import type { Block, Op, Statement } from "../../ir/ir.ts";
import { walk } from "../../ir/operands.ts";

export function statements(block: Block): readonly Statement[] {
  const all: Statement[] = [];
  walk(block, (statement) => {
    all.push(statement);
  });
  return all;
}

/** The operation of a statement, where it has one. */
export const opOf = (statement: Statement): Op | null => (statement.kind === "let" ? statement.op : null);
