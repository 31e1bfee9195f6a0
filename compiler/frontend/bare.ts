/** What says nothing about a value: parentheses, `as`, `satisfies`, `!`. `(x)! = 5` assigns x. */
import { ts } from "./typescript.js";

export function bare(node: ts.Node): ts.Node {
  const isClothed =
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isTypeAssertionExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node);
  return isClothed ? bare(node.expression) : node;
}
