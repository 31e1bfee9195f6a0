/** `a.b`, `a?.b`, `a[i]`: fields of views, properties of objects, members of SDK things. */

import type { LayoutData } from "../../../sdk/layout/data.ts";
import { mapMember } from "../builtins/maps.ts";
import { readField } from "../cells.ts";
import { definite, settleNull, shortText } from "../coerce.ts";
import { evaluate } from "../evaluate.ts";
import { listMember } from "../lists.ts";
import type { Lowering } from "../lowering.ts";
import { elementOf, readMember } from "../memory.ts";
import { whenPresent } from "../optional.ts";
import { dynamicProperty, indexOutOfRange, unknownField } from "../problems.ts";
import { ts } from "../typescript.js";
import { describe, NULL, type Value } from "../values.ts";
import { callExpression } from "./call.ts";

/** What programs may know of a layout: `entry.layout.size`. */
const sizes = ({ size, align }: LayoutData): Value => ({
  kind: "object",
  name: "a layout's description",
  fields: new Map(
    Object.entries({ size, align }).map(([name, value]) => [
      name,
      { kind: "cell", cell: { kind: "fixed", value: { kind: "literal", value } } },
    ]),
  ),
});

/** A member of a value that is certainly there. */
export function memberOf(base: Value, name: string, node: ts.Node, to: Lowering): Value {
  const missing = (known: readonly string[]): never =>
    to.refuse((at) => unknownField(at, name, known.join(", ")), node);
  switch (base.kind) {
    case "view":
      return readMember(base, name, node, to);
    case "object":
      // TypeScript has checked the name: what is not there is an optional property that was left out.
      return readField(base, name, node, to) ?? NULL;
    case "declared":
      return base.read?.(name, node, to) ?? base.member(name, node) ?? missing(base.names);
    case "map":
      return mapMember(base, name, node, to) ?? missing([]);
    case "list":
      return listMember(base, name, to) ?? missing(["length", "map", "forEach"]);
    case "layout":
      return name === "layout" ? sizes(base.layout) : missing(["layout"]);
    default:
      return to.refuse((at) => unknownField(at, `${name}' in '${shortText(node)}' (${describe(base)})`, ""), node);
  }
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

export function indexOf(base: Value, index: Value, node: ts.Node, to: Lowering): Value {
  const settled = settleNull(index, to);
  if (base.kind === "view") return elementOf(base, settled, node, to);
  if (base.kind === "list") {
    const at =
      settled.kind === "literal"
        ? Number(settled.value)
        : settled.kind === "scalar" && settled.operand.kind === "constant"
          ? Number(settled.operand.value)
          : null;
    if (at === null) return to.refuse((span) => dynamicProperty(span), node);
    return base.items[at] ?? to.refuse((span) => indexOutOfRange(span, String(at), base.items.length, true), node);
  }
  if (settled.kind === "string") return memberOf(base, settled.value, node, to);
  return to.refuse((span) => dynamicProperty(span), node);
}

export function elementAccess(node: ts.ElementAccessExpression, to: Lowering, next: Next = asItIs): Value {
  return link(node, to, (base) => {
    const index = evaluate(node.argumentExpression, to);
    to.at(node);
    return next(settleNull(indexOf(base, index, node, to), to));
  });
}
