/** `a.b`, `a?.b`, `a[i]`: fields of views, properties of objects, members of SDK things. */

import { mapMember } from "../builtins/maps.ts";
import { readField } from "../cells.ts";
import { definite, settleNull, shortText } from "../coerce.ts";
import { evaluate } from "../evaluate.ts";
import { listMember } from "../lists.ts";
import type { Lowering } from "../lowering.ts";
import { elementOf, readMember } from "../memory.ts";
import { whenPresent } from "../optional.ts";
import { dynamicProperty, indexOutOfRange, unknownField } from "../problems.ts";
import type { ts } from "../typescript.ts";
import { describe, type Value } from "../values.ts";

/** A member of a value that is certainly there. */
export function memberOf(base: Value, name: string, node: ts.Node, to: Lowering): Value {
  const missing = (known: readonly string[]): never =>
    to.refuse((at) => unknownField(at, name, known.join(", ")), node);
  switch (base.kind) {
    case "view":
      return readMember(base, name, node, to);
    case "object":
      return readField(base, name, node, to) ?? missing([...base.fields.keys()]);
    case "declared":
      return base.read?.(name, node, to) ?? base.member(name, node) ?? missing(base.names);
    case "map":
      return mapMember(base, name, node, to) ?? missing([]);
    case "list":
      return listMember(base, name, to) ?? missing(["length", "map", "forEach"]);
    case "layout":
      return name === "size" ? { kind: "literal", value: base.layout.size } : missing(["size"]);
    default:
      return to.refuse((at) => unknownField(at, `${name}' in '${shortText(node)}' (${describe(base)})`, ""), node);
  }
}

export function propertyAccess(node: ts.PropertyAccessExpression, to: Lowering): Value {
  const base = evaluate(node.expression, to);
  to.at(node);
  const name = node.name.text;
  if (node.questionDotToken !== undefined)
    return whenPresent(base, node, to, (value) => memberOf(value, name, node, to));
  return memberOf(definite(base, node.expression, to), name, node.name, to);
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
    return base.items[at] ?? to.refuse((span) => indexOutOfRange(span, String(at), base.items.length), node);
  }
  if (settled.kind === "string") return memberOf(base, settled.value, node, to);
  return to.refuse((span) => dynamicProperty(span), node);
}

export function elementAccess(node: ts.ElementAccessExpression, to: Lowering): Value {
  const base = evaluate(node.expression, to);
  const index = evaluate(node.argumentExpression, to);
  to.at(node);
  if (node.questionDotToken !== undefined)
    return whenPresent(base, node, to, (value) => indexOf(value, index, node, to));
  return indexOf(definite(base, node.expression, to), index, node, to);
}
