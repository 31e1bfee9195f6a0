/** `f(a, b)` and `x?.f(a)`. */

import { readText } from "../builtins/text.ts";
import { callValue } from "../calls.ts";
import { convertTo, definite, settleNull } from "../coerce.ts";
import { evaluate } from "../evaluate.ts";
import type { Lowering } from "../lowering.ts";
import { whenPresent } from "../optional.ts";
import { notCallable, unsupportedSyntax } from "../problems.ts";
import { ts } from "../typescript.ts";
import type { LayoutValue, Value } from "../values.ts";
import { memberOf } from "./access.ts";

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

export function callExpression(node: ts.CallExpression, to: Lowering): Value {
  const { expression } = node;
  const optional = ts.isPropertyAccessExpression(expression) && expression.questionDotToken !== undefined;
  if (optional)
    return whenPresent(evaluate(expression.expression, to), node, to, (base) =>
      invoke(memberOf(base, expression.name.text, expression, to), node, to),
    );
  return invoke(definite(evaluate(expression, to), expression, to), node, to);
}
