/** `condition ? a : b`. */
import { evaluate, evaluateCondition } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import { choose } from "../optional.ts";
import type { ts } from "../typescript.js";
import type { Value } from "../values.ts";

export function conditionalExpression(node: ts.ConditionalExpression, to: Lowering): Value {
  const condition = evaluateCondition(node.condition, to);
  return choose(
    condition.operand,
    condition.facts,
    () => evaluate(node.whenTrue, to),
    () => evaluate(node.whenFalse, to),
    "choice",
    node,
    to,
  );
}
