/** Operators with two sides: arithmetic, comparison, logic, assignment, comma. */

import { assign, compoundAssign, type LogicalOperator, logicalAssign } from "../assignment.ts";
import { toCondition } from "../coerce.ts";
import { evaluate, evaluateCondition } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import { arithmetic, comparison, isArithmetic, isComparison } from "../operators.ts";
import { choose, orElse } from "../optional.ts";
import { looseEquality, unsupportedSyntax } from "../problems.ts";
import { scalarConstant } from "../types.ts";
import { ts } from "../typescript.js";
import type { Fact, ScalarValue, Value } from "../values.ts";

/** `a && b`: b is evaluated only when a is true. Facts of both hold when the whole is true. */
function logicalAnd(node: ts.BinaryExpression, to: Lowering): Value {
  const left = evaluateCondition(node.left, to);
  if (left.operand.kind === "constant") return left.operand.value === 0n ? left : evaluate(node.right, to);
  let learned: readonly Fact[] = [];
  const value = choose(
    left.operand,
    left.facts,
    () => {
      const right = evaluateCondition(node.right, to);
      learned = right.facts?.whenTrue ?? [];
      return strip(right);
    },
    () => scalarConstant("bool", 0n),
    "and",
    node,
    to,
  ) as ScalarValue;
  return { ...value, facts: { whenTrue: [...(left.facts?.whenTrue ?? []), ...learned], whenFalse: [] } };
}

function logicalOr(node: ts.BinaryExpression, to: Lowering): Value {
  const left = toCondition(evaluate(node.left, to), node.left, to);
  if (left.operand.kind === "constant") return left.operand.value !== 0n ? left : evaluate(node.right, to);
  let learned: readonly Fact[] = [];
  const value = choose(
    left.operand,
    left.facts,
    () => scalarConstant("bool", 1n),
    () => {
      const right = evaluateCondition(node.right, to);
      learned = right.facts?.whenFalse ?? [];
      return strip(right);
    },
    "or",
    node,
    to,
  ) as ScalarValue;
  return { ...value, facts: { whenTrue: [], whenFalse: [...(left.facts?.whenFalse ?? []), ...learned] } };
}

const strip = (value: ScalarValue): ScalarValue => {
  const { facts: _, ...rest } = value;
  return rest;
};

export function binaryExpression(node: ts.BinaryExpression, to: Lowering): Value {
  const operator = ts.tokenToString(node.operatorToken.kind) ?? "";
  switch (operator) {
    case "=":
      return assign(node.left, () => evaluate(node.right, to), node, to);
    case "&&":
      return logicalAnd(node, to);
    case "||":
      return logicalOr(node, to);
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
