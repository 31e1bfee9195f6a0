/** `program`, `subprogram`, `constant`, `variable`, `local`. */
import { CodecError, encode } from "../../../sdk/layout/codec.ts";
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { ProgramSlot } from "../../ir/ir.ts";
import { expectFunction } from "../calls.ts";
import { plainValue } from "../constants.ts";
import { memoryView, readView, writeAt } from "../memory.ts";
import { isSymbolName, isTaken } from "../names.ts";
import { badDeclaration, badName, duplicateName, wrongArgument } from "../problems.ts";
import { callSubprogram } from "../subprograms.ts";
import {
  type BuiltinCall,
  type DeclaredValue,
  describe,
  type FunctionValue,
  NULL,
  type ObjectValue,
  type Value,
} from "../values.ts";
import {
  argument,
  builtin,
  layoutOf,
  named,
  option,
  optionalText,
  optionsArgument,
  textArgument,
  wholeOption,
} from "./arguments.ts";
import { declared } from "./declared.ts";

export interface ProgramSpec {
  readonly name: string;
  readonly section: string;
  readonly run: FunctionValue;
  /** What it is called with, after the frame. */
  readonly values: readonly Value[];
  readonly slot: ProgramSlot | null;
}

const SECTIONS: Readonly<Record<string, string>> = { xdp: "xdp", devmap: "xdp/devmap", cpumap: "xdp/cpumap" };

/** `{ table, index }`: where a jump table holds the program from the start. */
function slotOf(options: ObjectValue, call: BuiltinCall): ProgramSlot | null {
  const slot = option(options, "slot", call.argument(2), call.to);
  if (slot.kind === "null") return null;
  if (slot.kind !== "object")
    return call.to.refuse((at) => wrongArgument(at, "{ table, index }", describe(slot)), call.argument(2));
  const table = option(slot, "table", call.argument(2), call.to);
  const declaration = table.kind === "map" && table.inner === null ? call.to.module.maps[table.map] : undefined;
  if (declaration?.kind !== "progArray")
    return call.to.refuse((at) => wrongArgument(at, "a jump table (map.programs)", describe(table)), call.argument(2));
  const inTable = { from: 0, to: declaration.maxEntries - 1 };
  return { map: declaration.name, index: wholeOption(slot, "index", inTable, call, 2) };
}

function program(call: BuiltinCall): Value {
  const name = textArgument(call, 0, "the program's name");
  if (!isSymbolName(name.replaceAll("-", "_")) || name.startsWith("-"))
    call.to.refuse((at) => badName(at, "a program", name), call.argument(0));
  const options = argument(call, 2);
  const kind =
    (options.kind === "object"
      ? optionalText(option(options, "kind", call.node, call.to), "a kind of program", call.node, call.to)
      : null) ?? "xdp";
  const section =
    named(SECTIONS, kind) ??
    call.to.refuse((at) => wrongArgument(at, "'xdp', 'devmap' or 'cpumap'", `'${kind}'`), call.argument(2));
  const spec: ProgramSpec = {
    name: name.replaceAll("-", "_"),
    section,
    run: expectFunction(argument(call, 1), call.argument(1), call.to),
    values: [],
    slot: options.kind === "object" ? slotOf(options, call) : null,
  };
  return declared("a program", spec);
}

export const isProgram = (value: Value): value is DeclaredValue & { readonly data: ProgramSpec } =>
  value.kind === "declared" && value.what === "a program";

/** The initial value's bytes. */
function encoded(layout: LayoutData, call: BuiltinCall): Uint8Array {
  const value = plainValue(argument(call, 1), layout, call.argument(1), call.to);
  try {
    return encode(layout, value);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return call.to.refuse(
      (at) => badDeclaration(at, `The initial value is none of its layout: ${error.message}.`),
      call.argument(1),
    );
  }
}

/** Declares global data and gives an object whose `value` is the live alias. */
function globalData(call: BuiltinCall, fixed: boolean): Value {
  const layout = layoutOf(argument(call, 0), call.argument(0), call.to);
  const { module } = call.to;
  const name = module.nameFor(null, fixed ? "constant" : "variable", call.node, call.to);
  if (isTaken(name)) call.to.refuse((at) => badName(at, "global data", name), call.node);
  if (module.globals.some((global) => global.name === name))
    call.to.refuse((at) => duplicateName(at, "globals", name), call.node);
  const initial = encoded(layout, call);
  const index = module.globals.push({ name, layout, constant: fixed, initial, at: module.placeOf(call.node) }) - 1;
  const view = (to: BuiltinCall["to"]) =>
    memoryView(layout, to.emit({ op: "global", global: index }, "pointer", name), fixed);
  return {
    kind: "declared",
    what: "global data",
    data: { index },
    names: ["value"],
    member: () => null,
    read: (member, _node, to) => (member === "value" ? readView(view(to), name, to) : null),
    write: (member, value, node, to) => {
      if (member !== "value" || fixed) return false;
      to.effect("writing shared data", node);
      writeAt(view(to), layout, 0, value, node, to);
      return true;
    },
  };
}

/** Zeroed stack memory of its own. */
function local(call: BuiltinCall): Value {
  const layout: LayoutData = layoutOf(argument(call, 0), call.argument(0), call.to);
  const place = call.to.slot(layout, "local");
  call.to.push({ kind: "zero", place, offset: 0, bytes: layout.size, at: call.to.place });
  return readView(memoryView(layout, place), "local", call.to);
}

function subprogram(call: BuiltinCall): Value {
  const name = textArgument(call, 0, "the subprogram's name").replaceAll("-", "_");
  if (!isSymbolName(name)) call.to.refuse((at) => badName(at, "a subprogram", name), call.argument(0));
  const run = expectFunction(argument(call, 1), call.argument(1), call.to);
  const options = call.values[2] === undefined ? null : optionsArgument(call, 2);
  const verified = options === null ? NULL : option(options, "verified", call.argument(2), call.to);
  const how = optionalText(verified, "how it is verified", call.argument(2), call.to);
  if (how !== null && how !== "alone" && how !== "inCalls")
    call.to.refuse((at) => wrongArgument(at, "'alone' or 'inCalls'", `'${how}'`), call.argument(2));
  return builtin(name, (use) => callSubprogram(name, run, how === "alone", use));
}

export const programBuiltins: readonly (readonly [string, Value])[] = [
  ["program", builtin("program", program)],
  ["constant", builtin("constant", (call) => globalData(call, true))],
  ["variable", builtin("variable", (call) => globalData(call, false))],
  ["local", builtin("local", local)],
  ["subprogram", builtin("subprogram", subprogram)],
];
