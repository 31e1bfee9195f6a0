/** `{ a, b: 1, ...view, get c() {} }` and `[a, b]`: they exist while compiling, and dissolve into their parts. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { mutable, readCell } from "../cells.ts";
import { coerce, definite, shortText } from "../coerce.ts";
import { evaluate } from "../evaluate.ts";
import { flavourOf } from "../flavours.ts";
import { Refusal } from "../frames.ts";
import type { Lowering } from "../lowering.ts";
import { alive, readAt, readMember } from "../memory.ts";
import { dynamicProperty, tooLarge, unsupportedSyntax } from "../problems.ts";
import { compatible } from "../types.ts";
import { ts } from "../typescript.js";
import {
  describe,
  type FunctionValue,
  type ListValue,
  type ObjectValue,
  POISON,
  type Property,
  type ScalarType,
  type Value,
} from "../values.ts";
import { identifier } from "./identifier.ts";

function nameOf(name: ts.PropertyName, to: Lowering): string {
  if (ts.isIdentifier(name) || ts.isStringLiteral(name) || ts.isNumericLiteral(name)) return name.text;
  if (ts.isComputedPropertyName(name)) {
    const value = evaluate(name.expression, to);
    if (value.kind === "string" || value.kind === "literal") return String(value.value);
  }
  const text = shortText(ts.isComputedPropertyName(name) ? name.expression : name);
  return to.refuse((at) => dynamicProperty(at, "object", text), name);
}

/** The width that the place of an object wants of a property: `{ mask: 1n }` is an ipv6 where a struct has one. */
function wantedType(literal: ts.ObjectLiteralExpression, name: string, to: Lowering): ScalarType | null {
  const { checker } = to.module;
  const place = checker.getContextualType(literal);
  const ways = place === undefined ? [] : place.isUnion() ? place.types : [place];
  const wanted = ways.flatMap((way) => way.getProperty(name) ?? []);
  const flavours = new Set(wanted.map((property) => flavourOf(checker.getTypeOfSymbolAtLocation(property, literal))));
  return flavours.size === 1 ? ([...flavours][0] ?? null) : null;
}

/** A number must fit where TypeScript sees that the object goes, since there it may be stored by code that is not its author's. */
function checkWidth(
  name: string,
  value: Value,
  literal: ts.ObjectLiteralExpression,
  node: ts.Node,
  to: Lowering,
): void {
  if ((value.kind !== "scalar" && value.kind !== "literal") || to.module.isOwn(literal)) return;
  const wanted = wantedType(literal, name, to);
  if (wanted === null || (value.kind === "scalar" && !compatible(value.type, wanted))) return;
  coerce(value, wanted, node, to);
}

/**
 * A property keeps its own variables only when some code assigns a property of that name. Objects of a module's top level
 * are constants: no packet's run may leave something behind in them.
 */
function property(
  name: string,
  value: Value,
  literal: ts.ObjectLiteralExpression,
  node: ts.Node,
  to: Lowering,
): Property {
  const ofModule = to === to.module.topLevel;
  const assigned =
    !ofModule && to.module.isAssignedProperty(literal, name) && value.kind !== "function" && value.kind !== "builtin";
  const plain = value.kind === "scalar" || value.kind === "literal" || value.kind === "nullable";
  checkWidth(name, value, literal, node, to);
  return {
    kind: "cell",
    cell:
      assigned && plain
        ? mutable(value, wantedType(literal, name, to), false, name, node, to)
        : {
            kind: "fixed",
            value,
            what: assigned ? `'${name}', which holds ${describe(value)},` : `'${name}'`,
            ofModule,
          },
    at: node,
  };
}

const method = (declaration: ts.FunctionLikeDeclaration, name: string, to: Lowering): FunctionValue => ({
  kind: "function",
  declaration,
  scope: to.scope,
  name,
});

function accessor(
  fields: Map<string, Property>,
  name: string,
  part: { get?: FunctionValue; set?: FunctionValue },
): Property {
  const known = fields.get(name);
  const { get, set } = known?.kind === "accessor" ? known : { get: null, set: null };
  return { kind: "accessor", get: part.get ?? get, set: part.set ?? set };
}

function spread(
  fields: Map<string, Property>,
  source: Value,
  literal: ts.ObjectLiteralExpression,
  node: ts.Node,
  to: Lowering,
): void {
  if (source.kind === "object") {
    for (const [name, from] of source.fields)
      fields.set(name, from.kind === "cell" ? property(name, readCell(from.cell, to), literal, node, to) : from);
    return;
  }
  if (source.kind !== "view")
    return to.refuse((at) => unsupportedSyntax(at, `Spreading ${describe(source)} into an object`), node);
  alive(source, node, to);
  for (const [name, value] of Object.entries(snapshot(source.layout, source, node, to)))
    fields.set(name, property(name, value, literal, node, to));
}

/** Every field of a view, copied now: nested structs and bit fields too. */
function snapshot(
  layout: LayoutData,
  view: Extract<Value, { kind: "view" }>,
  node: ts.Node,
  to: Lowering,
): Record<string, Value> {
  if (layout.kind === "bits")
    return Object.fromEntries(layout.fields.map(({ name }) => [name, readMember(view, name, node, to)]));
  if (layout.kind !== "struct") return to.refuse((at) => unsupportedSyntax(at, "Spreading this"), node);
  return Object.fromEntries(
    layout.fields
      .filter((field) => field.layout.kind !== "spinLock")
      .map((field) => [
        field.name,
        copyOf(readAt(view, field.layout, view.offset + field.offset, field.name, to), node, to),
      ]),
  );
}

function copyOf(value: Value, node: ts.Node, to: Lowering): Value {
  if (value.kind !== "view") return value;
  const { layout } = value;
  if (layout.kind === "array") {
    const items = Array.from({ length: layout.length }, (_, i) =>
      copyOf(readAt(value, layout.of, value.offset + i * layout.of.size, "item", to), node, to),
    );
    return { kind: "list", items };
  }
  const fields = new Map(
    Object.entries(snapshot(layout, value, node, to)).map(([name, part]) => [
      name,
      { kind: "cell", cell: { kind: "fixed", value: part } } as const,
    ]),
  );
  return { kind: "object", fields, name: "a struct value" };
}

export function objectLiteral(literal: ts.ObjectLiteralExpression, to: Lowering): ObjectValue {
  const fields = new Map<string, Property>();
  for (const part of literal.properties) {
    if (ts.isSpreadAssignment(part)) {
      const source = evaluate(part.expression, to);
      if (source.kind !== "null") spread(fields, definite(source, part.expression, to), literal, part, to);
      continue;
    }
    const name = nameOf(part.name, to);
    if (ts.isPropertyAssignment(part) && name === "__proto__" && !ts.isComputedPropertyName(part.name))
      return to.refuse((at) => unsupportedSyntax(at, "'__proto__' in an object"), part.name);
    if (ts.isPropertyAssignment(part))
      fields.set(name, property(name, evaluate(part.initializer, to), literal, part.initializer, to));
    else if (ts.isShorthandPropertyAssignment(part))
      fields.set(name, property(name, identifier(part.name, to), literal, part, to));
    else if (ts.isMethodDeclaration(part)) fields.set(name, property(name, method(part, name, to), literal, part, to));
    else if (ts.isGetAccessorDeclaration(part))
      fields.set(name, accessor(fields, name, { get: method(part, name, to) }));
    else fields.set(name, accessor(fields, name, { set: method(part, name, to) }));
  }
  return { kind: "object", fields, name: "an object" };
}

/** Lists stand in no memory; they are written out where they are used. */
const LONGEST_LIST = 65_536;

/** What is wrong with one item says nothing of the others. */
function itemOf(element: ts.Expression, to: Lowering): Value {
  try {
    return evaluate(element, to);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    to.module.report(error.problem);
    return POISON;
  }
}

function itemsOf(element: ts.Expression, to: Lowering): readonly Value[] {
  if (!ts.isSpreadElement(element)) return [itemOf(element, to)];
  const list = definite(evaluate(element.expression, to), element, to);
  return list.kind === "list"
    ? list.items
    : to.refuse((at) => unsupportedSyntax(at, `Spreading ${describe(list)} into a list`), element);
}

export function arrayLiteral(node: ts.ArrayLiteralExpression, to: Lowering): ListValue {
  const places: ts.Node[] = [];
  const items = node.elements.flatMap((element) => {
    const found = itemsOf(element, to);
    places.push(...found.map(() => element));
    return found;
  });
  if (items.length > LONGEST_LIST) to.refuse((at) => tooLarge(at, `A list of ${items.length} items`), node);
  return { kind: "list", items, places };
}
