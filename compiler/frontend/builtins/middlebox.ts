/** `middlebox`: config, state and hooks. */
import type { Lowering } from "../lowering.ts";
import { badName, wrongArgument } from "../problems.ts";
import { type MiddleboxSpec, mapName } from "../services/spec.ts";
import { ts } from "../typescript.js";
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
  part: "config" | "state",
  box: string,
  call: BuiltinCall,
  read: (value: Value, name: string, node: ts.Node, to: Lowering) => T,
): Map<string, T> {
  const place = placeOfField(options, part, call.argument(1));
  const object = option(options, part, place, call.to);
  if (object.kind === "null") return new Map();
  if (object.kind !== "object")
    return call.to.refuse((at) => wrongArgument(at, `an object for '${part}'`, describe(object)), place);
  return new Map(
    entriesOf(object, place, call.to).map(([name, value]) => {
      const at = placeOfField(object, name, place);
      const named = ts.isPropertyAssignment(at.parent) ? at.parent.name : at;
      checkField(box, name, `a field of '${part}'`, named, call.to);
      return [name, read(value, name, at, call.to)];
    }),
  );
}

const FIELD = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Names of maps take 63 characters, and the longest of a pool are the field's with this behind it. */
const LONGEST_FIELD = 63 - "_outward_one".length;

/** Fields have paths in config and metrics, and maps of their names. */
function checkField(box: string, name: string, what: string, node: ts.Node, to: Lowering): void {
  const room = LONGEST_FIELD - mapName(box, "").length;
  if (FIELD.test(name) && name.length <= room) return;
  to.refuse((at) => badName(at, what, name, `a letter, then letters, digits or '_', at most ${room} here`), node);
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
  const name = nameOf(call, "a middlebox");
  const spec: MiddleboxSpec = {
    name,
    both: wordOption(options, "sees", ["client", "both"], call, 1, "client") === "both",
    filter: hook(options, "filter", call),
    decide: hook(options, "decide", call),
    complete: hook(options, "complete", call),
    holds: hook(options, "holds", call),
    config: fieldsOf(options, "config", name, call, configOf),
    state: fieldsOf(options, "state", name, call, stateOf),
  };
  return declared("a middlebox", spec);
}

export const middleboxBuiltins: readonly (readonly [string, Value])[] = [
  ["middlebox", builtin("middlebox", middlebox)],
];
