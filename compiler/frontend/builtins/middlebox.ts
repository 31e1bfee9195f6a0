/** `middlebox`, `service`, and the kinds of config and state they declare. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { type Layout, struct, u8 } from "../../../sdk/layout/layouts.ts";
import { badDeclaration, badName, duplicateName, wrongArgument } from "../problems.ts";
import type { ConfigSpec, MiddleboxSpec, ServiceSpec, StateSpec } from "../services/spec.ts";
import {
  type BuiltinCall,
  type DeclaredValue,
  describe,
  type FunctionValue,
  type ObjectValue,
  type Value,
} from "../values.ts";
import { builtin, constantNumber, entriesOf, layoutOf, option, optionsArgument, textArgument } from "./arguments.ts";
import { outcomeBuiltins } from "./outcomes.ts";

const declared = (what: string, data: unknown): DeclaredValue => ({
  kind: "declared",
  what,
  data,
  names: [],
  member: () => null,
});
const dataOf = <T>(value: Value, what: string): T | null =>
  value.kind === "declared" && value.what === what ? (value.data as T) : null;

/** A layout, or an object of layouts; an empty object says that only presence counts. */
function shapeOf(value: Value, call: BuiltinCall): LayoutData {
  if (value.kind !== "object") return layoutOf(value, call.argument(0), call.to);
  const fields = entriesOf(value, call.argument(0), call.to).map(([name, part]) => [
    name,
    { layout: layoutOf(part, call.argument(0), call.to) } as Layout<unknown>,
  ]);
  return fields.length === 0 ? u8.layout : struct(Object.fromEntries(fields)).layout;
}

const numberOption = (options: ObjectValue, name: string, call: BuiltinCall, otherwise?: number): number => {
  const value = option(options, name, call.argument(0), call.to);
  return value.kind === "null" && otherwise !== undefined
    ? otherwise
    : constantNumber(value, `'${name}'`, call.argument(0), call.to);
};
const shapeOption = (options: ObjectValue, name: string, call: BuiltinCall): LayoutData =>
  shapeOf(option(options, name, call.argument(0), call.to), call);

const isPrime = (value: number): boolean => {
  for (let d = 2; d * d <= value; d++) if (value % d === 0) return false;
  return value > 1;
};

/** Its slots hold numbers of choices in 16 bits. */
const MOST_CHOICES = 0xffff;

function maglevMax(options: ObjectValue, call: BuiltinCall): number {
  const max = numberOption(options, "max", call);
  return max <= MOST_CHOICES
    ? max
    : call.to.refuse(
        (at) => badDeclaration(at, `A Maglev table has at most ${MOST_CHOICES} choices, and 'max' is ${max}.`),
        call.argument(0),
      );
}

function maglevSize(options: ObjectValue, call: BuiltinCall): number {
  const size = numberOption(options, "tableSize", call, 65_537);
  return isPrime(size)
    ? size
    : call.to.refuse(
        (at) => badDeclaration(at, `A Maglev table's size is a prime, and ${size} is not.`),
        call.argument(0),
      );
}

const configs: Readonly<Record<string, (options: ObjectValue, call: BuiltinCall) => ConfigSpec>> = {
  prefixes: (options, call) => ({
    kind: "prefixes",
    of: shapeOption(options, "of", call),
    max: numberOption(options, "max", call),
  }),
  table: (options, call) => ({
    kind: "table",
    key: shapeOption(options, "key", call),
    of: shapeOption(options, "of", call),
    max: numberOption(options, "max", call),
  }),
  maglev: (options, call) => ({
    kind: "maglev",
    of: shapeOption(options, "of", call),
    max: maglevMax(options, call),
    tableSize: maglevSize(options, call),
  }),
  portPool: (options, call) => ({
    kind: "portPool",
    max: numberOption(options, "max", call),
    forwards: numberOption(options, "forwards", call, 256),
    perDestination: wordOption(options, "mapping", ["per-endpoint", "per-destination"], call) === "per-destination",
  }),
};

/** One of several words. */
function wordOption(options: ObjectValue, name: string, words: readonly string[], call: BuiltinCall): string {
  const value = option(options, name, call.argument(0), call.to);
  return value.kind === "string" && words.includes(value.value)
    ? value.value
    : call.to.refuse(
        (at) => wrongArgument(at, `'${name}' to be ${words.map((word) => `"${word}"`).join(" or ")}`, described(value)),
        call.argument(0),
      );
}
const described = (value: Value): string => (value.kind === "string" ? `"${value.value}"` : describe(value));

const states: Readonly<Record<string, (call: BuiltinCall) => StateSpec>> = {
  counter: () => ({ kind: "counter" }),
  meter: () => ({ kind: "meter" }),
  rateLimiter: (call) => {
    const options = optionsArgument(call, 0);
    return {
      kind: "rateLimiter",
      key: shapeOption(options, "key", call),
      max: numberOption(options, "max", call),
      scope: wordOption(options, "scope", ["node", "service"], call) as "node" | "service",
    };
  },
  boundedTable: (call) => {
    const options = optionsArgument(call, 0);
    return {
      kind: "boundedTable",
      key: shapeOption(options, "key", call),
      of: shapeOption(options, "of", call),
      max: numberOption(options, "max", call),
    };
  },
  binding: (call) => {
    const options = optionsArgument(call, 0);
    return {
      kind: "binding",
      key: shapeOption(options, "key", call),
      of: shapeOption(options, "of", call),
      max: numberOption(options, "max", call),
    };
  },
  events: (call) => {
    const options = optionsArgument(call, 0);
    return {
      kind: "events",
      of: shapeOption(options, "of", call),
      buffer: numberOption(options, "buffer", call, 256 * 1024),
    };
  },
};

/** A field of config: one of the kinds, or a layout by itself. */
function configOf(value: Value, name: string, call: BuiltinCall): ConfigSpec {
  const spec = dataOf<ConfigSpec>(value, "a config field");
  if (spec !== null) return spec;
  if (value.kind === "layout") return { kind: "scalar", of: value.layout };
  return call.to.refuse((at) => wrongArgument(at, `a config field for '${name}'`, describe(value)), call.argument(1));
}

function stateOf(value: Value, name: string, call: BuiltinCall): StateSpec {
  return (
    dataOf<StateSpec>(value, "a state field") ??
    call.to.refuse((at) => wrongArgument(at, `a state field for '${name}'`, describe(value)), call.argument(1))
  );
}

function fieldsOf<T>(
  options: ObjectValue,
  part: string,
  call: BuiltinCall,
  read: (value: Value, name: string, call: BuiltinCall) => T,
): Map<string, T> {
  const object = option(options, part, call.argument(1), call.to);
  if (object.kind === "null") return new Map();
  if (object.kind !== "object")
    return call.to.refuse((at) => wrongArgument(at, `an object for '${part}'`, describe(object)), call.argument(1));
  return new Map(entriesOf(object, call.argument(1), call.to).map(([name, value]) => [name, read(value, name, call)]));
}

const NAME = /^[a-z][a-z0-9-]{0,30}$/;

function nameOf(call: BuiltinCall, what: string): string {
  const name = textArgument(call, 0, `the name of ${what}`);
  // The service's own config, such as its addresses, has paths that begin so.
  const taken = what === "a middlebox" && name === "service";
  return NAME.test(name) && !taken ? name : call.to.refuse((at) => badName(at, what, name), call.argument(0));
}

function hook(options: ObjectValue, name: string, call: BuiltinCall): FunctionValue | null {
  const value = option(options, name, call.argument(1), call.to);
  if (value.kind === "null") return null;
  return value.kind === "function"
    ? value
    : call.to.refuse((at) => wrongArgument(at, `a function for '${name}'`, describe(value)), call.argument(1));
}

function middlebox(call: BuiltinCall): Value {
  const options = optionsArgument(call, 1);
  const sees = option(options, "sees", call.argument(1), call.to);
  const spec: MiddleboxSpec = {
    name: nameOf(call, "a middlebox"),
    both: sees.kind === "string" && sees.value === "both",
    filter: hook(options, "filter", call),
    decide: hook(options, "decide", call),
    complete: hook(options, "complete", call),
    holds: hook(options, "holds", call),
    config: fieldsOf(options, "config", call, configOf),
    state: fieldsOf(options, "state", call, stateOf),
  };
  return declared("a middlebox", spec);
}

/** A decision names them by the bits of a u32. */
const MOST_BINDINGS = 32;

function chainOf(options: ObjectValue, call: BuiltinCall): MiddleboxSpec[] {
  const list = option(options, "chain", call.argument(1), call.to);
  if (list.kind !== "list" || list.items.length === 0)
    return call.to.refuse((at) => wrongArgument(at, "a list of middleboxes", describe(list)), call.argument(1));
  const chain = list.items.map(
    (item) =>
      dataOf<MiddleboxSpec>(item, "a middlebox") ??
      call.to.refuse((at) => wrongArgument(at, "a middlebox", describe(item)), call.argument(1)),
  );
  const names = chain.map((box) => box.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    call.to.refuse((at) => duplicateName(at, "middleboxes of the chain", twice), call.argument(1));
  const waiting = chain.filter((box) => box.complete !== null).map((box) => box.name);
  if (waiting.length > 1)
    call.to.refuse(
      (at) => badDeclaration(at, `One middlebox of a chain has 'complete', and here ${waiting.join(" and ")} have it.`),
      call.argument(1),
    );
  const bindings = chain.flatMap((box) => [...box.state.values()]).filter(({ kind }) => kind === "binding").length;
  if (bindings > MOST_BINDINGS)
    call.to.refuse(
      (at) => badDeclaration(at, `A service has at most ${MOST_BINDINGS} bindings, and this one ${bindings}.`),
      call.argument(1),
    );
  return chain;
}

function service(call: BuiltinCall): Value {
  const options = optionsArgument(call, 1);
  const chain = chainOf(options, call);
  const listen = option(options, "listen", call.argument(1), call.to);
  const decides = chain.some((box) => box.decide !== null);
  const spec: ServiceSpec = {
    name: nameOf(call, "a service"),
    chain,
    listensToAll: listen.kind === "string" ? listen.value === "all" : !decides,
    flows: numberOption(options, "flows", { ...call, argument: () => call.argument(1) }, 65_536),
  };
  return declared("a service", spec);
}

export const isService = (value: Value): value is DeclaredValue & { readonly data: ServiceSpec } =>
  value.kind === "declared" && value.what === "a service";

export const middleboxBuiltins: readonly (readonly [string, Value])[] = [
  ["middlebox", builtin("middlebox", middlebox)],
  ["service", builtin("service", service)],
  ...Object.entries(configs).map(
    ([name, read]) =>
      [name, builtin(name, (call) => declared("a config field", read(optionsArgument(call, 0), call)))] as const,
  ),
  ["secret", builtin("secret", () => declared("a config field", { kind: "secret" } satisfies ConfigSpec))],
  ...Object.entries(states).map(
    ([name, read]) => [name, builtin(name, (call) => declared("a state field", read(call)))] as const,
  ),
  ...outcomeBuiltins,
];
