/**
 * Where one side of a branch leaves, the other stands behind the branch instead of inside it: what it finds out is then
 * known to all that follows.
 */
import type { Block, IrFunction, Statement } from "../ir/ir.ts";
import { leaves, replaceBlocks } from "./operands.ts";

function straight(block: Block): Block {
  return block.flatMap((statement): readonly Statement[] => {
    const inner = replaceBlocks(statement, straight);
    if (inner.kind !== "if") return [inner];
    if (leaves(inner.then) && inner.otherwise.length > 0) return [{ ...inner, otherwise: [] }, ...inner.otherwise];
    if (leaves(inner.otherwise) && inner.then.length > 0) return [{ ...inner, then: [] }, ...inner.then];
    return [inner];
  });
}

export const straighten = <F extends IrFunction>(fn: F): F => ({ ...fn, body: straight(fn.body) });
