/** A middlebox's config and state as its hooks see them: maps declared, views opened by bpf-lib for one config slot. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { scalarLayout } from "../../../sdk/layout/layouts.ts";
import { option } from "../builtins/arguments.ts";
import { callFunction, expectFunction } from "../calls.ts";
import type { Lowering } from "../lowering.ts";
import { memoryView, readView } from "../memory.ts";
import { badDeclaration, unknownField } from "../problems.ts";
import { scalarConstant } from "../types.ts";
import {
  type BuiltinCall,
  type DeclaredValue,
  NULL,
  type ObjectValue,
  type ScalarValue,
  type Value,
  type ViewValue,
} from "../values.ts";
import { configGlobal, scalarField } from "./config-global.ts";
import { foldedValue } from "./folded.ts";
import {
  bindingPaths,
  type ConfigSpec,
  type MiddleboxSpec,
  mapName,
  poolPaths,
  type ServiceSpec,
  type StateSpec,
} from "./spec.ts";

const literal = (value: number): Value => ({ kind: "literal", value });
const text = (value: string): Value => ({ kind: "string", value });
const layout = (value: LayoutData): Value => ({ kind: "layout", layout: value });

/** Which function of bpf-lib opens a field, and with which values. */
function configOpener(
  box: MiddleboxSpec,
  field: string,
  spec: Exclude<ConfigSpec, { kind: "scalar" }>,
  slot: ScalarValue,
  to: Lowering,
): { readonly file: string; readonly open: string; readonly values: readonly Value[] } {
  const name = mapName(box.name, field);
  switch (spec.kind) {
    case "prefixes":
      return {
        file: "config/prefixes.ts",
        open: "openPrefixes",
        values: [text(name), layout(spec.of), literal(spec.max), slot],
      };
    case "table":
      return {
        file: "config/table.ts",
        open: "openTable",
        values: [text(name), layout(spec.key), layout(spec.of), literal(spec.max), slot],
      };
    case "maglev":
      return {
        file: "config/maglev.ts",
        open: "openMaglev",
        values: [text(name), layout(spec.of), literal(spec.max), literal(spec.tableSize), slot],
      };
    case "secret":
      return { file: "config/secret.ts", open: "openSecret", values: [partView(box, field, slot, to)] };
    case "portPool":
      return {
        file: "config/port-pool.ts",
        open: "openPortPool",
        values: [
          text(name),
          literal(poolPaths(to.module.service as ServiceSpec).indexOf(`${box.name}.${field}`)),
          scalarConstant("bool", spec.perDestination ? 1n : 0n),
          literal(spec.max),
          literal(Math.max(spec.forwards, 1)),
          partView(box, field, slot, to),
          slot,
        ],
      };
  }
}

function stateOpener(
  spec: StateSpec,
  path: string,
  name: string,
  to: Lowering,
): { readonly file: string; readonly open: string; readonly values: readonly Value[] } {
  const { module } = to;
  switch (spec.kind) {
    case "counter":
      return { file: "state/counter.ts", open: "openCounter", values: [literal(module.stateIndex("counter", path))] };
    case "meter":
      return { file: "state/counter.ts", open: "openMeter", values: [literal(module.stateIndex("meter", path))] };
    case "rateLimiter": {
      const share = spec.scope === "service" ? literal(module.stateIndex("share", path)) : NULL;
      return {
        file: "state/rate-limiter.ts",
        open: "openRateLimiter",
        values: [text(name), layout(spec.key), literal(spec.max), share],
      };
    }
    case "boundedTable":
      return {
        file: "state/bounded-table.ts",
        open: "openBoundedTable",
        values: [text(name), layout(spec.key), layout(spec.of), literal(spec.max)],
      };
    case "binding":
      return {
        file: "state/binding.ts",
        open: "openBinding",
        values: [
          text(name),
          layout(spec.key),
          layout(spec.of),
          literal(spec.max),
          literal(bindingPaths(module.service as ServiceSpec).indexOf(path)),
        ],
      };
    case "events":
      return {
        file: "state/events.ts",
        open: "openEvents",
        values: [
          text(name),
          layout(spec.of),
          literal(spec.buffer),
          literal(module.stateIndex("counter", `${path}.lost`)),
        ],
      };
  }
}

function openByLibrary(opener: ReturnType<typeof stateOpener>, call: BuiltinCall): Value {
  const open = expectFunction(call.to.module.libraryValue(opener.file, opener.open), call.node, call.to);
  return callFunction(open, opener.values, call.node, call.to);
}

/** Scalars lie in the config global; everything else was opened when the packet came in. */
function fieldsObject(
  what: string,
  opened: ReadonlyMap<string, Value>,
  scalars: (name: string, to: Lowering) => Value | null,
): DeclaredValue {
  return {
    kind: "declared",
    what,
    data: null,
    names: [...opened.keys()],
    member: (name) => opened.get(name) ?? null,
    read: (name, _node, to) => scalars(name, to),
  };
}

export function openOwn(box: Value, slot: ScalarValue, call: BuiltinCall): Value {
  const { to } = call;
  const name = box.kind === "object" ? option(box, "name", call.node, to) : box;
  const spec = to.module.service?.chain.find((each) => name.kind === "string" && each.name === name.value);
  if (spec === undefined)
    return to.refuse((at) => badDeclaration(at, "There is no such middlebox in the service."), call.node);
  const config = new Map<string, Value>();
  for (const [field, each] of spec.config)
    if (each.kind !== "scalar") config.set(field, openByLibrary(configOpener(spec, field, each, slot, to), call));
  const state = new Map(
    [...spec.state].map(([field, each]) => [
      field,
      openByLibrary(stateOpener(each, `${spec.name}.${field}`, mapName(spec.name, field), to), call),
    ]),
  );
  const pools = [...spec.config].flatMap(([field, each]) =>
    each.kind === "portPool" ? [config.get(field) as Value] : [],
  );
  const bindings = [...spec.state].flatMap(([field, each]) =>
    each.kind === "binding" ? [state.get(field) as Value] : [],
  );
  return object({
    bindings: { kind: "list", items: bindings },
    pools: { kind: "list", items: pools },
    config: fieldsObject("the config", config, (field, use) => readScalar(spec, field, slot, use)),
    state: fieldsObject("the state", state, () => null),
  });
}

const object = (parts: Readonly<Record<string, Value>>): ObjectValue => ({
  kind: "object",
  name: "an object",
  fields: new Map(
    Object.entries(parts).map(([name, value]) => [name, { kind: "cell", cell: { kind: "fixed", value } }]),
  ),
});

/** What leads the global. */
export function servingGeneration(to: Lowering): Value {
  const { global } = configGlobal(to.module);
  const place = to.emit({ op: "global", global }, "pointer", "config");
  return readView(memoryView(scalarLayout("u32"), place, true), "generation", to);
}

/** A field's part of the global, in the slot that serves. */
function partView(spec: MiddleboxSpec, name: string, slot: ScalarValue, to: Lowering): ViewValue {
  const { global, slots, stride, slotsOffset } = configGlobal(to.module);
  const field = scalarField(slots, spec.name, name) ?? to.refuse((at) => unknownField(at, name, ""), to.node as never);
  const base = to.emit({ op: "global", global }, "pointer", "config");
  const first = to.emit({ op: "offset", type: "pointer", a: base, bytes: slotsOffset }, "pointer", "slots");
  const chosen = to.emit(
    { op: "element", type: "pointer", a: first, index: slot.operand, stride, count: 2 },
    "pointer",
    "slot",
  );
  return { ...memoryView(field.layout, chosen, true), offset: field.offset };
}

const readScalar = (spec: MiddleboxSpec, name: string, slot: ScalarValue, to: Lowering): Value | null => {
  const field = spec.config.get(name);
  const folded = to.module.folded.get(`${spec.name}.${name}`);
  if (field?.kind === "scalar" && folded !== undefined) return foldedValue(field.of, folded);
  return field?.kind === "scalar" ? readView(partView(spec, name, slot, to), name, to) : null;
};
