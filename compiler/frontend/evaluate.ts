/** Expressions: an exhaustive table by construct. What is not in it is refused by one default. */

import { definite, settleNull, shortText, toCondition } from "./coerce.ts";
import { elementAccess, propertyAccess } from "./expressions/access.ts";
import { binaryExpression } from "./expressions/binary.ts";
import { callExpression } from "./expressions/call.ts";
import { conditionalExpression } from "./expressions/conditional.ts";
import { identifier } from "./expressions/identifier.ts";
import { logicalCondition } from "./expressions/logical.ts";
import { arrayLiteral, objectLiteral } from "./expressions/objects.ts";
import { postfixUnary, prefixUnary } from "./expressions/unary.ts";
import { isAny } from "./flavours.ts";
import { Refusal } from "./frames.ts";
import type { Lowering } from "./lowering.ts";
import { text } from "./operators.ts";
import {
  asyncUsed,
  classUsed,
  generatorUsed,
  regularExpression,
  stringInDataPath,
  unsupportedSyntax,
} from "./problems.ts";
import { spelled } from "./spelled.ts";
import { scalarConstant } from "./types.ts";
import { ts } from "./typescript.js";
import { NULL, type ScalarValue, type StringValue, type Value } from "./values.ts";

interface Supported {
  readonly NumericLiteral: ts.NumericLiteral;
  readonly BigIntLiteral: ts.BigIntLiteral;
  readonly StringLiteral: ts.StringLiteral;
  readonly NoSubstitutionTemplateLiteral: ts.NoSubstitutionTemplateLiteral;
  readonly TemplateExpression: ts.TemplateExpression;
  readonly TrueKeyword: ts.Expression;
  readonly FalseKeyword: ts.Expression;
  readonly NullKeyword: ts.Expression;
  readonly Identifier: ts.Identifier;
  readonly ParenthesizedExpression: ts.ParenthesizedExpression;
  readonly AsExpression: ts.AsExpression;
  readonly TypeAssertionExpression: ts.TypeAssertion;
  readonly SatisfiesExpression: ts.SatisfiesExpression;
  readonly NonNullExpression: ts.NonNullExpression;
  readonly PrefixUnaryExpression: ts.PrefixUnaryExpression;
  readonly PostfixUnaryExpression: ts.PostfixUnaryExpression;
  readonly BinaryExpression: ts.BinaryExpression;
  readonly ConditionalExpression: ts.ConditionalExpression;
  readonly PropertyAccessExpression: ts.PropertyAccessExpression;
  readonly ElementAccessExpression: ts.ElementAccessExpression;
  readonly CallExpression: ts.CallExpression;
  readonly ObjectLiteralExpression: ts.ObjectLiteralExpression;
  readonly ArrayLiteralExpression: ts.ArrayLiteralExpression;
  readonly ArrowFunction: ts.ArrowFunction;
  readonly FunctionExpression: ts.FunctionExpression;
}
type Evaluations = { readonly [K in keyof Supported]: (node: Supported[K], to: Lowering) => Value };

const functionValue = (node: ts.ArrowFunction | ts.FunctionExpression, to: Lowering): Value => ({
  kind: "function",
  declaration: node,
  scope: to.scope,
  name: node.name?.text ?? "function",
});

/** `x as T` changes no value; as `any`, it would silence what finds mistakes. */
function assertion(node: ts.AsExpression | ts.TypeAssertion, to: Lowering): Value {
  if (!to.module.isOwn(node) && !ts.isConstTypeReference(node.type)) {
    if (isAny(to.module.checker.getTypeFromTypeNode(node.type))) return to.refuseAny(node.type, node.type);
  }
  return evaluate(node.expression, to);
}

function template(node: ts.TemplateExpression, to: Lowering): Value {
  let value: StringValue = { kind: "string", value: node.head.text };
  for (const span of node.templateSpans) {
    const part = settleNull(evaluate(span.expression, to), to);
    if (part.kind !== "string" && part.kind !== "literal")
      return to.refuse((at) => stringInDataPath(at), span.expression);
    value = text(value.value + String(part.value) + span.literal.text, span, to);
  }
  return value;
}

const evaluations: Evaluations = {
  NumericLiteral: (node) => ({ kind: "literal", value: Number(node.text) }),
  BigIntLiteral: (node) => ({ kind: "literal", value: BigInt(node.text.slice(0, -1)) }),
  StringLiteral: (node) => ({ kind: "string", value: node.text }),
  NoSubstitutionTemplateLiteral: (node) => ({ kind: "string", value: node.text }),
  TemplateExpression: template,
  TrueKeyword: () => scalarConstant("bool", 1n),
  FalseKeyword: () => scalarConstant("bool", 0n),
  NullKeyword: () => NULL,
  Identifier: identifier,
  ParenthesizedExpression: (node, to) => evaluate(node.expression, to),
  AsExpression: assertion,
  TypeAssertionExpression: assertion,
  SatisfiesExpression: (node, to) => evaluate(node.expression, to),
  NonNullExpression: (node, to) => definite(evaluate(node.expression, to), node.expression, to),
  PrefixUnaryExpression: prefixUnary,
  PostfixUnaryExpression: postfixUnary,
  BinaryExpression: binaryExpression,
  ConditionalExpression: conditionalExpression,
  PropertyAccessExpression: (node, to) => propertyAccess(node, to),
  ElementAccessExpression: (node, to) => elementAccess(node, to),
  CallExpression: (node, to) => callExpression(node, to),
  ObjectLiteralExpression: objectLiteral,
  ArrayLiteralExpression: arrayLiteral,
  ArrowFunction: functionValue,
  FunctionExpression: functionValue,
};

function refuseExpression(node: ts.Expression, to: Lowering): never {
  switch (node.kind) {
    case ts.SyntaxKind.RegularExpressionLiteral:
      return to.refuse((at) => regularExpression(at), node);
    case ts.SyntaxKind.AwaitExpression:
      return to.refuse((at) => asyncUsed(at), node);
    case ts.SyntaxKind.YieldExpression:
      return to.refuse((at) => generatorUsed(at), node);
    case ts.SyntaxKind.NewExpression:
      return to.refuse((at) => classUsed(at, shortText((node as ts.NewExpression).expression)), node);
    case ts.SyntaxKind.ClassExpression:
    case ts.SyntaxKind.SuperKeyword:
      return to.refuse((at) => classUsed(at), node);
    default:
      return to.refuse((at) => unsupportedSyntax(at, spelled(node)), node);
  }
}

/** The value of an expression; statements that compute it go to the current block. */
export function evaluate(node: ts.Expression, to: Lowering): Value {
  const handle = (evaluations as Readonly<Record<string, (node: never, to: Lowering) => Value>>)[kindName(node)];
  if (handle === undefined) return refuseExpression(node, to);
  to.at(node);
  const value = handle(node as never, to);
  if (value.kind === "poison") throw new Refusal(null);
  return settleNull(value, to);
}

/** Whether an expression is true: of `a && b` and `a || b`, only their truth counts there. */
export function evaluateCondition(node: ts.Expression, to: Lowering): ScalarValue {
  const inner = ts.isParenthesizedExpression(node) ? node.expression : node;
  if (inner !== node) return evaluateCondition(inner, to);
  const operator = ts.isBinaryExpression(node) ? ts.tokenToString(node.operatorToken.kind) : undefined;
  if (ts.isBinaryExpression(node) && (operator === "&&" || operator === "||")) {
    to.at(node);
    return logicalCondition(operator, node, to);
  }
  return toCondition(evaluate(node, to), node, to);
}

/** SyntaxKind has aliases (FirstLiteralToken = NumericLiteral), so the reverse mapping alone does not name a kind. */
const NAMES = new Map<number, string>();
function kindName(node: ts.Node): string {
  if (NAMES.size === 0) {
    for (const [name, kind] of Object.entries(ts.SyntaxKind)) {
      if (typeof kind === "number" && !/^(First|Last)/.test(name)) NAMES.set(kind, name);
    }
  }
  return NAMES.get(node.kind) ?? String(node.kind);
}
