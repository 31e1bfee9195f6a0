import { evaluateCondition } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import type { ts } from "../typescript.ts";
import { lowerStatement } from "./index.ts";

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
