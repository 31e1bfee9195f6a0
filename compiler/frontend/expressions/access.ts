/** `a.b`, `a?.b`, `a[i]`: fields of views, properties of objects, members of SDK things. */

import type { LayoutData } from "../../../sdk/layout/data.ts";
import { mapMember } from "../builtins/maps.ts";
import { readField } from "../cells.ts";
import { definite, settleNull, shortText } from "../coerce.ts";
import { evaluate } from "../evaluate.ts";
import { includesNull, isAny } from "../flavours.ts";
import { LIST_MEMBERS, listAdvice, listMember } from "../lists.ts";
import type { Lowering } from "../lowering.ts";
import { elementOf, readMember } from "../memory.ts";
import { whenPresent } from "../optional.ts";
import { dynamicProperty, indexOutOfRange, stringInDataPath, unknownField } from "../problems.ts";
import { ts } from "../typescript.js";
import { describe, NULL, type ObjectValue, type Property, type Value } from "../values.ts";
import { callExpression } from "./call.ts";

const fixed = (value: Value): Property => ({ kind: "cell", cell: { kind: "fixed", value } });

/** What programs may know of a layout: `entry.layout.size`. */
const description = ({ kind, size, align }: LayoutData): Value => ({
  kind: "object",
  name: "a layout's description",
  fields: new Map([
    ["kind", fixed({ kind: "string", value: kind })],
    ["size", fixed({ kind: "literal", value: size })],
    ["align", fixed({ kind: "literal", value: align })],
  ]),
});

/** A member of a value that is certainly there. */
export function memberOf(base: Value, name: string, node: ts.Node, to: Lowering): Value {
  const missing = (known: readonly string[], advice: string | null = null): never =>
    to.refuse((at) => unknownField(at, name, known.join(", "), describe(base), advice), node);
  switch (base.kind) {
    case "view":
      return readMember(base, name, node, to);
    case "object":
      return readField(base, name, node, to) ?? absent(base, name, node, to);
    case "declared":
      return base.read?.(name, node, to) ?? base.member(name, node) ?? missing(base.names, base.advice?.(name));
    case "map":
      return mapMember(base, name, node, to) ?? missing([]);
    case "list":
      return listMember(base, name, to) ?? missing(LIST_MEMBERS, listAdvice(name));
    case "layout":
      return name === "layout" ? description(base.layout) : missing(["layout"]);
    case "string":
      return to.refuse((at) => stringInDataPath(at, `'${name}' of a string`), node);
    default:
      refuseAny(node, to);
      return to.refuse((at) => unknownField(at, name, "", base.kind === "literal" ? "a number" : describe(base)), node);
  }
}

/** Where TypeScript knows nothing of what a member is of, it has let everything pass. */
function refuseAny(node: ts.Node, to: Lowering): void {
  const link = ts.isElementAccessExpression(node) ? node : node.parent;
  if (to.module.isOwn(node) || !(ts.isPropertyAccessExpression(link) || ts.isElementAccessExpression(link))) return;
  if (isAny(to.module.checker.getTypeAtLocation(link.expression))) to.refuseAny(link.expression, undefined);
}

/**
 * What an object does not have: an optional property that was left out. TypeScript has checked the name, unless an `as` made
 * it believe otherwise.
 */
function absent(base: ObjectValue, name: string, node: ts.Node, to: Lowering): Value {
  if (to.module.isOwn(node) || ts.isBindingElement(node)) return NULL;
  refuseAny(node, to);
  const type = to.module.checker.getTypeAtLocation(node);
  if (includesNull(type) || type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Instantiable)) return NULL;
  return to.refuse((at) => unknownField(at, name, [...base.fields.keys()].join(", ")), node);
}

/** What is done with the value of a link of a chain. */
export type Next = (value: Value) => Value;
const asItIs: Next = (value) => value;

/**
 * One link of `a?.b.c`: evaluates its base, and where that is there, goes on with `use`. What follows a missing link is
 * skipped together with it, so later links run inside.
 */
export function link(
  node: ts.PropertyAccessExpression | ts.ElementAccessExpression | ts.CallExpression,
  to: Lowering,
  use: Next,
): Value {
  const { expression, questionDotToken } = node;
  const go: Next = (base) => {
    to.at(node);
    return questionDotToken !== undefined ? whenPresent(base, node, to, use) : use(definite(base, expression, to));
  };
  if (!ts.isOptionalChain(expression)) return go(evaluate(expression, to));
  if (ts.isPropertyAccessExpression(expression)) return propertyAccess(expression, to, go);
  if (ts.isElementAccessExpression(expression)) return elementAccess(expression, to, go);
  if (ts.isCallExpression(expression)) return callExpression(expression, to, go);
  return go(evaluate(expression, to));
}

export function propertyAccess(node: ts.PropertyAccessExpression, to: Lowering, next: Next = asItIs): Value {
  return link(node, to, (base) => next(settleNull(memberOf(base, node.name.text, node.name, to), to)));
}

/** Refuses an index of what has none, or none that is known only when a packet comes. */
export function refuseIndex(base: Value, node: ts.ElementAccessExpression | ts.Node, to: Lowering): never {
  const index = shortText(ts.isElementAccessExpression(node) ? node.argumentExpression : node);
  const { kind } = base;
  if (kind === "list" || kind === "object") return to.refuse((at) => dynamicProperty(at, kind, index), node);
  return to.refuse((at) => dynamicProperty(at, "names", describe(base)), node);
}

export function indexOf(base: Value, index: Value, node: ts.Node, to: Lowering): Value {
  const settled = settleNull(index, to);
  if (settled.kind === "string" && base.kind !== "string") return memberOf(base, settled.value, node, to);
  if (base.kind === "view" && base.layout.kind !== "array") return refuseIndex(base, node, to);
  if (base.kind === "view") return elementOf(base, settled, node, to);
  if (base.kind === "list") {
    const at =
      settled.kind === "literal"
        ? Number(settled.value)
        : settled.kind === "scalar" && settled.operand.kind === "constant"
          ? Number(settled.operand.value)
          : null;
    if (at === null) return refuseIndex(base, node, to);
    return base.items[at] ?? to.refuse((span) => indexOutOfRange(span, String(at), base.items.length, true), node);
  }
  if (base.kind === "string") return to.refuse((span) => stringInDataPath(span, "A character of a string"), node);
  if (settled.kind === "literal" && base.kind === "object") return memberOf(base, String(settled.value), node, to);
  return refuseIndex(base, node, to);
}

export function elementAccess(node: ts.ElementAccessExpression, to: Lowering, next: Next = asItIs): Value {
  return link(node, to, (base) => {
    const index = evaluate(node.argumentExpression, to);
    to.at(node);
    return next(settleNull(indexOf(base, index, node, to), to));
  });
}
