/** `f(a, b)` and `x?.f(a)`. */

import { readText } from "../builtins/text.ts";
import { callValue } from "../calls.ts";
import { convertTo, settleNull } from "../coerce.ts";
import { evaluate } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import { notCallable, unsupportedSyntax } from "../problems.ts";
import { ts } from "../typescript.js";
import type { LayoutValue, Value } from "../values.ts";
import { link, type Next } from "./access.ts";

function argumentsOf(node: ts.CallExpression, to: Lowering): Value[] {
  return node.arguments.flatMap((argument) => {
    if (!ts.isSpreadElement(argument)) return [evaluate(argument, to)];
    const list = settleNull(evaluate(argument.expression, to), to);
    if (list.kind !== "list")
      return to.refuse((at) => unsupportedSyntax(at, "Spreading anything but a list"), argument);
    return [...list.items];
  });
}

/** `u16(x)`: a layout called is a conversion. */
function conversion(layout: LayoutValue, values: readonly Value[], node: ts.CallExpression, to: Lowering): Value {
  const [value] = values;
  if (layout.layout.kind !== "scalar" || value === undefined)
    return to.refuse((at) => notCallable(at, "A layout"), node);
  const { type } = layout.layout;
  if (value.kind === "string") return readText(value.value, type, node, to);
  return convertTo(value, type, node.arguments[0] ?? node, to);
}

const invoke = (callee: Value, node: ts.CallExpression, to: Lowering): Value => {
  const values = argumentsOf(node, to);
  to.at(node);
  return callee.kind === "layout" ? conversion(callee, values, node, to) : callValue(callee, values, node, to);
};

export const callExpression = (node: ts.CallExpression, to: Lowering, next: Next = (value) => value): Value =>
  link(node, to, (callee) => next(settleNull(invoke(callee, node, to), to)));
