/** `middlebox`: config, state and hooks. */
import type { Lowering } from "../lowering.ts";
import { wrongArgument } from "../problems.ts";
import type { MiddleboxSpec } from "../services/spec.ts";
import type { ts } from "../typescript.js";
import {
  type BuiltinCall,
  describe,
  type FunctionValue,
  type ObjectValue,
  placeOfField,
  type Value,
} from "../values.ts";
import { builtin, entriesOf, option, optionsArgument, wordOption } from "./arguments.ts";
import { declared, nameOf } from "./declared.ts";
import { configOf, stateOf } from "./fields.ts";

function fieldsOf<T>(
  options: ObjectValue,
  part: string,
  call: BuiltinCall,
  read: (value: Value, name: string, node: ts.Node, to: Lowering) => T,
): Map<string, T> {
  const place = placeOfField(options, part, call.argument(1));
  const object = option(options, part, place, call.to);
  if (object.kind === "null") return new Map();
  if (object.kind !== "object")
    return call.to.refuse((at) => wrongArgument(at, `an object for '${part}'`, describe(object)), place);
  return new Map(
    entriesOf(object, place, call.to).map(([name, value]) => [
      name,
      read(value, name, placeOfField(object, name, place), call.to),
    ]),
  );
}

function hook(options: ObjectValue, name: string, call: BuiltinCall): FunctionValue | null {
  const value = option(options, name, call.argument(1), call.to);
  if (value.kind === "null") return null;
  return value.kind === "function"
    ? value
    : call.to.refuse(
        (at) => wrongArgument(at, `a function for '${name}'`, describe(value)),
        placeOfField(options, name, call.argument(1)),
      );
}

function middlebox(call: BuiltinCall): Value {
  const options = optionsArgument(call, 1);
  const spec: MiddleboxSpec = {
    name: nameOf(call, "a middlebox"),
    both: wordOption(options, "sees", ["client", "both"], call, 1, "client") === "both",
    filter: hook(options, "filter", call),
    decide: hook(options, "decide", call),
    complete: hook(options, "complete", call),
    holds: hook(options, "holds", call),
    config: fieldsOf(options, "config", call, configOf),
    state: fieldsOf(options, "state", call, stateOf),
  };
  return declared("a middlebox", spec);
}

export const middleboxBuiltins: readonly (readonly [string, Value])[] = [
  ["middlebox", builtin("middlebox", middlebox)],
];
