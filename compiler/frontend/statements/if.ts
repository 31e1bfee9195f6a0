import { evaluateCondition } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import type { ts } from "../typescript.js";
import { lowerStatement } from "./index.ts";

/** After a problem in the condition: its branches are still checked, but what the condition would have shown is not known. */
export function refusedIf(node: ts.IfStatement, to: Lowering): void {
  const { elseStatement } = node;
  to.doubt(node.expression);
  if (to.module.mistakes.of(node) !== null) to.doubtAll(node);
  to.nested(() => lowerStatement(node.thenStatement, to));
  if (elseStatement !== undefined) to.nested(() => lowerStatement(elseStatement, to));
}

export function ifStatement(node: ts.IfStatement, to: Lowering): void {
  const condition = evaluateCondition(node.expression, to);
  const { elseStatement } = node;
  to.at(node);
  to.branch(
    condition.operand,
    condition.facts,
    () => lowerStatement(node.thenStatement, to),
    () => {
      if (elseStatement !== undefined) lowerStatement(elseStatement, to);
    },
  );
}
