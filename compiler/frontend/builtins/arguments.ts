/** Reading the arguments of SDK calls: constants, names, layouts, option objects. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { readField } from "../cells.ts";
import { settleNull } from "../coerce.ts";
import type { Lowering } from "../lowering.ts";
import { badDeclaration, notConstantSize, wrongArgument } from "../problems.ts";
import { isNumber } from "../types.ts";
import type { ts } from "../typescript.js";
import {
  type BuiltinCall,
  type BuiltinValue,
  capitalised,
  describe,
  NULL,
  type ObjectValue,
  placeOfField,
  type Value,
} from "../values.ts";

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

/** A number known now, as JavaScript has it; null for anything else. */
function knownNumber(value: Value): number | null {
  if (value.kind === "literal") return typeof value.value === "number" ? value.value : null;
  if (value.kind === "scalar" && isNumber(value.type) && value.operand.kind === "constant")
    return Number(value.operand.value);
  return null;
}

export interface WholeRange {
  readonly from: number;
  readonly to: number;
}

/** A whole number known now, of a range. */
export function wholeNumber(value: Value, what: string, { from, to: most }: WholeRange, node: ts.Node, to: Lowering) {
  const number = knownNumber(value);
  if (number !== null && Number.isInteger(number) && number >= from && number <= most) return number;
  if (value.kind === "scalar" && value.operand.kind !== "constant")
    return to.refuse((at) => notConstantSize(at, capitalised(what)), node);
  const rule = `${capitalised(what)} must be a whole number from ${from} to ${most}`;
  const given = value.kind === "null" ? "is missing" : `is ${number ?? describe(value)}`;
  return to.refuse((at) => badDeclaration(at, `${rule}, and ${given}.`, "Give a number of that range."), node);
}

/** Most entries that a map of the kernel's may have. */
export const MOST_ENTRIES = 2 ** 31;

/** The option `name` as such a number; refused where its author wrote it. */
export function wholeOption(
  options: ObjectValue,
  name: string,
  range: WholeRange,
  { argument: place, to }: Pick<BuiltinCall, "argument" | "to">,
  index = 0,
  otherwise: number | null = null,
): number {
  const value = option(options, name, place(index), to);
  if (value.kind === "null" && otherwise !== null) return otherwise;
  return wholeNumber(value, `'${name}'`, range, placeOfField(options, name, place(index)), to);
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

/** One of several words. */
export function wordOption<const W extends string>(
  options: ObjectValue,
  name: string,
  words: readonly W[],
  call: BuiltinCall,
  index = 0,
  otherwise: W | null = null,
): W {
  const value = option(options, name, call.argument(index), call.to);
  if (value.kind === "null" && otherwise !== null) return otherwise;
  const word = value.kind === "string" ? words.find((each) => each === value.value) : undefined;
  return (
    word ??
    call.to.refuse(
      (at) => wrongArgument(at, `'${name}' to be ${words.map((word) => `"${word}"`).join(" or ")}`, described(value)),
      placeOfField(options, name, call.argument(index)),
    )
  );
}
const described = (value: Value): string => (value.kind === "string" ? `"${value.value}"` : describe(value));
