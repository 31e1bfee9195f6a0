/** Reading the arguments of SDK calls: constants, names, layouts, option objects. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { readField } from "../cells.ts";
import { settleNull } from "../coerce.ts";
import type { Lowering } from "../lowering.ts";
import { notConstantSize, wrongArgument } from "../problems.ts";
import type { ts } from "../typescript.js";
import { type BuiltinCall, type BuiltinValue, describe, NULL, type ObjectValue, type Value } from "../values.ts";

export const builtin = (name: string, call: (call: BuiltinCall) => Value): BuiltinValue => ({
  kind: "builtin",
  name,
  call,
});

/** The entry of a table by a name from the source: `constructor` and the like are in none. */
export const named = <T>(table: Readonly<Record<string, T>>, name: string): T | null =>
  Object.hasOwn(table, name) ? (table[name] as T) : null;

export const argument = (call: BuiltinCall, index: number): Value => settleNull(call.values[index] ?? NULL, call.to);

const refuseKind = (what: string, value: Value, node: ts.Node, to: Lowering): never =>
  to.refuse((at) => wrongArgument(at, what, describe(value)), node);

export function textArgument(call: BuiltinCall, index: number, what: string): string {
  const value = argument(call, index);
  return value.kind === "string" ? value.value : refuseKind(what, value, call.argument(index), call.to);
}

export function optionsArgument(call: BuiltinCall, index: number): ObjectValue {
  const value = argument(call, index);
  return value.kind === "object" ? value : refuseKind("an object of options", value, call.argument(index), call.to);
}

export const option = (options: ObjectValue, name: string, node: ts.Node, to: Lowering): Value =>
  settleNull(readField(options, name, node, to) ?? NULL, to);

export function layoutOf(value: Value, node: ts.Node, to: Lowering): LayoutData {
  return value.kind === "layout" ? value.layout : refuseKind("a layout, such as u32 or struct({...})", value, node, to);
}

/** A whole number known now. */
export function constantNumber(value: Value, what: string, node: ts.Node, to: Lowering): number {
  if (value.kind === "literal" && Number.isInteger(Number(value.value))) return Number(value.value);
  if (value.kind === "scalar" && value.operand.kind === "constant") return Number(value.operand.value);
  return to.refuse((at) => notConstantSize(at, what), node);
}

/** A boolean known now. */
export function constantFlag(value: Value, what: string, node: ts.Node, to: Lowering): boolean {
  if (value.kind === "scalar" && value.type === "bool" && value.operand.kind === "constant")
    return value.operand.value !== 0n;
  return to.refuse(
    (at) => wrongArgument(at, `true or false, known while compiling, as '${what}'`, describe(value)),
    node,
  );
}

export function optionalText(value: Value, what: string, node: ts.Node, to: Lowering): string | null {
  if (value.kind === "null") return null;
  return value.kind === "string" ? value.value : refuseKind(what, value, node, to);
}

/** Entries of an object written in the source, in order. */
export const entriesOf = (object: ObjectValue, node: ts.Node, to: Lowering): [string, Value][] =>
  [...object.fields.keys()].map((name) => [name, option(object, name, node, to)]);
