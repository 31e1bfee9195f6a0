/** `-x`, `~x`, `!x`, `+x`, `++x`, `x--`. */
import { update } from "../assignment.ts";
import { evaluate, evaluateCondition } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import { complement, negate, not, step } from "../operators.ts";
import { unsupportedSyntax } from "../problems.ts";
import { ts } from "../typescript.js";
import type { Value } from "../values.ts";

export function prefixUnary(node: ts.PrefixUnaryExpression, to: Lowering): Value {
  switch (node.operator) {
    case ts.SyntaxKind.MinusToken:
      return negate(evaluate(node.operand, to), node, to);
    case ts.SyntaxKind.TildeToken:
      return complement(evaluate(node.operand, to), node, to);
    case ts.SyntaxKind.ExclamationToken:
      return not(evaluateCondition(node.operand, to), to);
    case ts.SyntaxKind.PlusPlusToken:
      return update(node.operand, (old) => step("+", old, node, to), to).next;
    case ts.SyntaxKind.MinusMinusToken:
      return update(node.operand, (old) => step("-", old, node, to), to).next;
    default:
      return to.refuse((at) => unsupportedSyntax(at, "The unary '+'"), node);
  }
}

export function postfixUnary(node: ts.PostfixUnaryExpression, to: Lowering): Value {
  const operator = node.operator === ts.SyntaxKind.PlusPlusToken ? "+" : "-";
  return update(node.operand, (old) => step(operator, old, node, to), to).old;
}
