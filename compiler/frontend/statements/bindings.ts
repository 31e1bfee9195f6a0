/** Binding names to values: `const`, `let`, parameters and destructuring. */
import { mutable } from "../cells.ts";
import { coerce, definite, settleNull } from "../coerce.ts";
import { evaluate } from "../evaluate.ts";
import { indexOf, memberOf } from "../expressions/access.ts";
import { flavourOf, includesNull, isAny } from "../flavours.ts";
import type { Lowering } from "../lowering.ts";
import { orElse } from "../optional.ts";
import { unsupportedSyntax } from "../problems.ts";
import type { Cell } from "../scope.ts";
import { ts } from "../typescript.js";
import { NULL, POISON, type Value } from "../values.ts";

/** The cell for a name: variables only for what some code assigns. */
function cellFor(
  name: ts.Identifier,
  symbol: ts.Symbol,
  value: Value,
  declaration: ts.VariableDeclaration | ts.ParameterDeclaration | null,
  to: Lowering,
): Cell {
  const assigned = to.module.assignedSymbols.has(symbol);
  // Inferring a type is the checker's most costly work; our library's constants need none.
  if (!assigned && declaration?.type === undefined && to.module.isOwn(name)) return { kind: "fixed", value };
  const type = to.module.checker.getTypeAtLocation(name);
  if (isAny(type) && !to.module.isOwn(name)) to.refuseAny(name, declaration?.type);
  const flavour = declaration?.type === undefined ? null : flavourOf(type);
  const place = declaration?.initializer ?? name;
  if (!assigned) {
    const plain = value.kind === "scalar" || value.kind === "literal";
    return { kind: "fixed", value: flavour !== null && plain ? coerce(value, flavour, place, to) : value };
  }
  const nullable = includesNull(type) || value.kind === "null";
  const annotated = declaration?.type !== undefined && !nullable ? null : flavourOf(type);
  return mutable(value, flavour ?? annotated, nullable, name.text, place, to);
}

export function declareBinding(
  name: ts.BindingName,
  value: Value,
  declaration: ts.VariableDeclaration | ts.ParameterDeclaration | null,
  to: Lowering,
): void {
  if (ts.isIdentifier(name)) {
    const symbol = to.module.checker.getSymbolAtLocation(name);
    if (symbol !== undefined)
      to.scope.bind(
        symbol,
        value.kind === "poison" ? { kind: "fixed", value } : cellFor(name, symbol, value, declaration, to),
      );
    return;
  }
  if (value.kind === "poison") return poisonPattern(name, to);
  const source = definite(value, name, to);
  for (const [index, element] of name.elements.entries()) {
    if (ts.isOmittedExpression(element)) continue;
    if (element.dotDotDotToken !== undefined) to.refuse((at) => unsupportedSyntax(at, "A rest pattern"), element);
    declareBinding(element.name, partFor(source, element, index, name, to), null, to);
  }
}

function partFor(
  source: Value,
  element: ts.BindingElement,
  index: number,
  pattern: ts.BindingPattern,
  to: Lowering,
): Value {
  const key = element.propertyName ?? element.name;
  const part = ts.isObjectBindingPattern(pattern)
    ? ts.isIdentifier(key) || ts.isStringLiteral(key)
      ? memberOf(source, key.text, element, to)
      : to.refuse((at) => unsupportedSyntax(at, "This pattern"), element)
    : isMissing(source, index, element)
      ? NULL
      : indexOf(source, { kind: "literal", value: index }, element, to);
  return orDefault(part, element, to);
}

/** `[a, b = 5]` of a list of one. */
const isMissing = (source: Value, index: number, { initializer }: ts.BindingElement): boolean =>
  source.kind === "list" && index >= source.items.length && initializer !== undefined;

/** What stands behind `=` in a pattern or a list of parameters takes the place of what is missing. */
export function orDefault(value: Value, declared: ts.BindingElement | ts.ParameterDeclaration, to: Lowering): Value {
  const { initializer } = declared;
  return initializer === undefined
    ? settleNull(value, to)
    : orElse(value, declared, to, () => evaluate(initializer, to));
}

function poisonPattern(name: ts.BindingName, to: Lowering): void {
  if (ts.isIdentifier(name)) {
    const symbol = to.module.checker.getSymbolAtLocation(name);
    if (symbol !== undefined) to.scope.bind(symbol, { kind: "fixed", value: POISON });
    return;
  }
  for (const element of name.elements) if (!ts.isOmittedExpression(element)) poisonPattern(element.name, to);
}

/** After a problem in a declaration: its names exist, so that their uses are not reported as well. */
export function poisonNames(node: ts.Statement, to: Lowering): void {
  if (!ts.isVariableStatement(node)) return;
  for (const declaration of node.declarationList.declarations) {
    const { name } = declaration;
    const symbol = ts.isIdentifier(name) ? to.module.checker.getSymbolAtLocation(name) : undefined;
    if (symbol === undefined || to.scope.find(symbol) === undefined) poisonPattern(name, to);
  }
}
