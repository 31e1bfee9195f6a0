/** From a declared service to its root program and to what its manifest says of it. */

import type { LayoutData } from "../../../sdk/layout/data.ts";
import { u64 } from "../../../sdk/layout/layouts.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import type { ProgramSpec } from "../builtins/program.ts";
import { expectFunction } from "../calls.ts";
import type { ModuleBuilder } from "../module.ts";
import { lowerProgram } from "../programs.ts";
import { scalarConstant } from "../types.ts";
import type { ts } from "../typescript.ts";
import { NULL, type ObjectValue, type Value } from "../values.ts";
import { partOf } from "./config-global.ts";
import { type ConfigSpec, HOOKS, type MiddleboxSpec, mapName, type ServiceSpec, type StateSpec } from "./spec.ts";

const bool = (value: boolean): Value => scalarConstant("bool", value ? 1n : 0n);

const object = (parts: Readonly<Record<string, Value>>): ObjectValue => ({
  kind: "object",
  name: "an object",
  fields: new Map(
    Object.entries(parts).map(([name, value]) => [name, { kind: "cell", cell: { kind: "fixed", value } }]),
  ),
});

const boxObject = (box: MiddleboxSpec): Value =>
  object({
    name: { kind: "string", value: box.name },
    both: bool(box.both),
    filter: box.filter ?? NULL,
    decide: box.decide ?? NULL,
    complete: box.complete ?? NULL,
    holds: box.holds ?? NULL,
  });

/** The shape of `ServiceParts` in bpf-lib/service/parts.ts. */
const partsOf = (spec: ServiceSpec): Value =>
  object({
    boxes: { kind: "list", items: spec.chain.map(boxObject) },
    listensToAll: bool(spec.listensToAll),
    decides: bool(spec.chain.some((box) => box.decide !== null)),
    flows: { kind: "literal", value: spec.flows },
  });

export function lowerService(module: ModuleBuilder, spec: ServiceSpec, node: ts.Node): void {
  module.service = spec;
  for (const box of spec.chain) {
    for (const hook of HOOKS) {
      const declaration = box[hook]?.declaration;
      if (declaration !== undefined) module.hooks.set(declaration, { box: box.name, hook });
    }
  }
  const run = expectFunction(module.libraryValue("service/serve.ts", "serve"), node, module.topLevel);
  const program: ProgramSpec = { name: spec.name.replaceAll("-", "_"), section: "xdp", run, values: [partsOf(spec)] };
  lowerProgram(module, program);
}

type ServiceManifest = NonNullable<Manifest["service"]>;

/** What a field's maps are called: its own name, and this behind it. */
const MAPS: { readonly [K in ConfigSpec["kind"]]: readonly string[] } = {
  scalar: [],
  prefixes: [""],
  table: [""],
  maglev: ["", "_set"],
  portPool: ["", "_ports", "_inward", "_outward"],
  secret: [],
};

function configEntry(box: string, name: string, spec: ConfigSpec): ServiceManifest["config"][number] {
  const maps = MAPS[spec.kind].map((suffix) => `${mapName(box, name)}${suffix}`);
  return {
    path: `${box}.${name}`,
    kind: spec.kind,
    of: "of" in spec ? spec.of : (partOf(spec) as LayoutData),
    key: spec.kind === "table" ? spec.key : null,
    max: "max" in spec ? spec.max : 1,
    size: spec.kind === "maglev" ? spec.tableSize : spec.kind === "portPool" ? spec.forwards : 0,
    maps,
  };
}

const SHARED: Readonly<Partial<Record<StateSpec["kind"], string>>> = { counter: "zeta_counters", meter: "zeta_meters" };

function stateEntry(
  module: ModuleBuilder,
  box: string,
  name: string,
  spec: StateSpec,
): ServiceManifest["state"][number] {
  const path = `${box}.${name}`;
  const index =
    spec.kind === "counter" || spec.kind === "meter"
      ? module.stateIndex(spec.kind, path)
      : spec.kind === "events"
        ? module.stateIndex("counter", `${path}.lost`)
        : 0;
  return {
    path,
    kind: spec.kind === "boundedTable" ? "table" : spec.kind,
    map: SHARED[spec.kind] ?? mapName(box, name),
    index,
    key: "key" in spec ? spec.key : null,
    value: "of" in spec ? spec.of : spec.kind === "counter" ? u64.layout : null,
  };
}

export function serviceManifest(module: ModuleBuilder): ServiceManifest | null {
  const { service } = module;
  if (service === null) return null;
  const has = (name: string) => module.maps.some((map) => map.name === name);
  return {
    name: service.name,
    root: service.name.replaceAll("-", "_"),
    middleboxes: service.chain.map((box) => box.name),
    listen: has("zeta_listen") ? "zeta_listen" : null,
    endpoints: has("zeta_endpoints") ? "zeta_endpoints" : null,
    opened: has("zeta_opened") ? "zeta_opened" : null,
    config: service.chain.flatMap((box) => [...box.config].map(([name, spec]) => configEntry(box.name, name, spec))),
    state: service.chain.flatMap((box) =>
      [...box.state].map(([name, spec]) => stateEntry(module, box.name, name, spec)),
    ),
    drops: module.dropReasons,
    dropsMap: has("zeta_drops") ? "zeta_drops" : null,
  };
}
