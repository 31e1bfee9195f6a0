/** Operators with two sides: arithmetic, comparison, logic, assignment, comma. */

import { assign, compoundAssign, type LogicalOperator, logicalAssign } from "../assignment.ts";
import { comparison, isComparison } from "../comparison.ts";
import { evaluate } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import { arithmetic, isArithmetic } from "../operators.ts";
import { orElse } from "../optional.ts";
import { looseEquality, unsupportedSyntax } from "../problems.ts";
import { ts } from "../typescript.js";
import type { Value } from "../values.ts";
import { logicalCondition, logicalValue } from "./logical.ts";

export function binaryExpression(node: ts.BinaryExpression, to: Lowering): Value {
  const operator = ts.tokenToString(node.operatorToken.kind) ?? "";
  switch (operator) {
    case "=":
      return assign(node.left, () => evaluate(node.right, to), node, to);
    case "&&":
    case "||":
      return to.module.isStatement(node) ? logicalCondition(operator, node, to) : logicalValue(operator, node, to);
    case "??":
      return orElse(evaluate(node.left, to), node, to, () => evaluate(node.right, to));
    case ",":
      evaluate(node.left, to);
      return evaluate(node.right, to);
    case "==":
    case "!=":
      return to.refuse((at) => looseEquality(at, operator), node);
  }
  if (operator === "??=" || operator === "&&=" || operator === "||=")
    return logicalAssign(operator.slice(0, -1) as LogicalOperator, node.left, node.right, node, to);
  if (operator.endsWith("=") && isArithmetic(operator.slice(0, -1)))
    return compoundAssign(operator.slice(0, -1), node.left, node.right, node, to);
  if (!isArithmetic(operator) && !isComparison(operator) && operator !== "**")
    return to.refuse((at) => unsupportedSyntax(at, `The operator '${operator}'`), node);
  const left = evaluate(node.left, to);
  const right = evaluate(node.right, to);
  to.at(node);
  return isComparison(operator)
    ? comparison(operator, left, right, node, to)
    : arithmetic(operator, left, right, node, to);
}
