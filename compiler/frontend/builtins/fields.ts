/** The kinds of config and state that middleboxes declare. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { type Layout, struct, u8 } from "../../../sdk/layout/layouts.ts";
import type { Lowering } from "../lowering.ts";
import { badDeclaration, wrongArgument } from "../problems.ts";
import type { ConfigSpec, StateSpec } from "../services/spec.ts";
import type { ts } from "../typescript.js";
import { type BuiltinCall, describe, type ObjectValue, placeOfField, type Value } from "../values.ts";
import {
  builtin,
  entriesOf,
  layoutOf,
  MOST_ENTRIES,
  option,
  optionsArgument,
  type WholeRange,
  wholeOption,
  wordOption,
} from "./arguments.ts";
import { dataOf, declared } from "./declared.ts";
import { ringBytes } from "./maps.ts";

/** A layout, or an object of layouts; an empty object says that only presence counts. */
function shapeOf(value: Value, node: ts.Node, to: Lowering): LayoutData {
  if (value.kind !== "object") return layoutOf(value, node, to);
  const fields = entriesOf(value, node, to).map(([name, part]) => [
    name,
    { layout: layoutOf(part, placeOfField(value, name, node), to) } as Layout<unknown>,
  ]);
  return fields.length === 0 ? u8.layout : struct(Object.fromEntries(fields)).layout;
}

export const ENTRIES: WholeRange = { from: 1, to: MOST_ENTRIES };
const entriesOption = (options: ObjectValue, name: string, call: BuiltinCall, otherwise?: number): number =>
  wholeOption(options, name, ENTRIES, call, 0, otherwise);
const shapeOption = (options: ObjectValue, name: string, call: BuiltinCall): LayoutData =>
  shapeOf(option(options, name, call.argument(0), call.to), placeOfField(options, name, call.argument(0)), call.to);

/** What tables are declared by. */
const keyed = (options: ObjectValue, call: BuiltinCall) => ({
  key: shapeOption(options, "key", call),
  of: shapeOption(options, "of", call),
  max: entriesOption(options, "max", call),
});

const isPrime = (value: number): boolean => {
  for (let d = 2; d * d <= value; d++) if (value % d === 0) return false;
  return value > 1;
};

/** Its slots hold numbers of choices in 16 bits. */
const MOST_CHOICES = 0xffff;

/** A table that is larger makes no spread more even. */
const LARGEST_MAGLEV: WholeRange = { from: 2, to: 2 ** 24 };

function maglevSize(options: ObjectValue, call: BuiltinCall): number {
  const size = wholeOption(options, "tableSize", LARGEST_MAGLEV, call, 0, 65_537);
  return isPrime(size)
    ? size
    : call.to.refuse(
        (at) => badDeclaration(at, `A Maglev table's size is a prime, and ${size} is not.`, "Give a prime: 65537."),
        placeOfField(options, "tableSize", call.argument(0)),
      );
}

const configs: Readonly<Record<string, (options: ObjectValue, call: BuiltinCall) => ConfigSpec>> = {
  prefixes: (options, call) => ({
    kind: "prefixes",
    of: shapeOption(options, "of", call),
    max: entriesOption(options, "max", call),
  }),
  table: (options, call) => ({ kind: "table", ...keyed(options, call) }),
  maglev: (options, call) => ({
    kind: "maglev",
    of: shapeOption(options, "of", call),
    max: wholeOption(options, "max", { from: 1, to: MOST_CHOICES }, call),
    tableSize: maglevSize(options, call),
  }),
  portPool: (options, call) => ({
    kind: "portPool",
    max: entriesOption(options, "max", call),
    forwards: wholeOption(options, "forwards", { from: 0, to: MOST_ENTRIES }, call, 0, 256),
    perDestination: wordOption(options, "mapping", ["per-endpoint", "per-destination"], call) === "per-destination",
  }),
};

const states: Readonly<Record<string, (call: BuiltinCall) => StateSpec>> = {
  counter: () => ({ kind: "counter" }),
  meter: () => ({ kind: "meter" }),
  rateLimiter: (call) => {
    const options = optionsArgument(call, 0);
    return {
      kind: "rateLimiter",
      key: shapeOption(options, "key", call),
      max: entriesOption(options, "max", call),
      scope: wordOption(options, "scope", ["node", "service"], call),
    };
  },
  boundedTable: (call) => ({ kind: "boundedTable", ...keyed(optionsArgument(call, 0), call) }),
  binding: (call) => ({ kind: "binding", ...keyed(optionsArgument(call, 0), call) }),
  events: (call) => {
    const options = optionsArgument(call, 0);
    return {
      kind: "events",
      of: shapeOption(options, "of", call),
      buffer: ringBytes(options, "buffer", call, 256 * 1024),
    };
  },
};

/** A field of config: one of the kinds, or a layout by itself. */
export function configOf(value: Value, name: string, node: ts.Node, to: Lowering): ConfigSpec {
  const spec = dataOf<ConfigSpec>(value, "a config field");
  if (spec !== null) return spec;
  if (value.kind === "layout") return { kind: "scalar", of: value.layout };
  return to.refuse((at) => wrongArgument(at, `a config field for '${name}'`, describe(value)), node);
}

export const stateOf = (value: Value, name: string, node: ts.Node, to: Lowering): StateSpec =>
  dataOf<StateSpec>(value, "a state field") ??
  to.refuse((at) => wrongArgument(at, `a state field for '${name}'`, describe(value)), node);

export const fieldBuiltins: readonly (readonly [string, Value])[] = [
  ...Object.entries(configs).map(
    ([name, read]) =>
      [name, builtin(name, (call) => declared("a config field", read(optionsArgument(call, 0), call)))] as const,
  ),
  ["secret", builtin("secret", () => declared("a config field", { kind: "secret" } satisfies ConfigSpec))],
  ...Object.entries(states).map(
    ([name, read]) => [name, builtin(name, (call) => declared("a state field", read(call)))] as const,
  ),
];
