/** From a declared service to its root program and to what its manifest says of it. */

import type { LayoutData } from "../../../sdk/layout/data.ts";
import { u64 } from "../../../sdk/layout/layouts.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { expectFunction } from "../calls.ts";
import type { ModuleBuilder } from "../module.ts";
import { lowerProgram } from "../programs.ts";
import { scalarConstant } from "../types.ts";
import type { ts } from "../typescript.js";
import { NULL, type ObjectValue, type Value } from "../values.ts";
import { partOf } from "./config-global.ts";
import { foldable } from "./folded.ts";
import {
  bindingPaths,
  type ConfigSpec,
  HOOKS,
  type MiddleboxSpec,
  mapName,
  poolPaths,
  type ServiceSpec,
  type StateSpec,
} from "./spec.ts";

const bool = (value: boolean): Value => scalarConstant("bool", value ? 1n : 0n);

const object = (parts: Readonly<Record<string, Value>>): ObjectValue => ({
  kind: "object",
  name: "an object",
  fields: new Map(
    Object.entries(parts).map(([name, value]) => [name, { kind: "cell", cell: { kind: "fixed", value } }]),
  ),
});

const boxObject = (spec: ServiceSpec, box: MiddleboxSpec): Value =>
  object({
    name: { kind: "string", value: box.name },
    index: scalarConstant("u32", BigInt(spec.chain.indexOf(box))),
    both: bool(box.both),
    filter: box.filter ?? NULL,
    decide: box.decide ?? NULL,
    complete: box.complete ?? NULL,
    holds: box.holds ?? NULL,
  });

const decides = (spec: ServiceSpec): boolean => spec.chain.some((box) => box.decide !== null);

/** The shape of `ServiceParts` in bpf-lib/service/parts.ts. */
const partsOf = (spec: ServiceSpec, boxes: readonly MiddleboxSpec[] = spec.chain, tells = false): Value =>
  object({
    tells: bool(tells),
    boxes: { kind: "list", items: boxes.map((box) => boxObject(spec, box)) },
    decides: bool(decides(spec)),
    binds: bool(bindingPaths(spec).length > 0),
    pools: bool(poolPaths(spec).length > 0),
    waits: bool(spec.chain.some((box) => box.complete !== null)),
  });

const programName = (spec: ServiceSpec, hook: string): string => `${spec.name.replaceAll("-", "_")}_${hook}`;

/** The shape of `Link` in bpf-lib/service/parts.ts. */
const linkOf = (next: number | null): Value =>
  object({ next: next === null ? NULL : scalarConstant("u32", BigInt(next)) });

/** The service's program of decisions; none where no middlebox decides. And, for traces, the one that tells of each decision. */
function lowerDecide(module: ModuleBuilder, spec: ServiceSpec, node: ts.Node, traces: boolean): void {
  if (!decides(spec)) return;
  const run = expectFunction(module.libraryValue("service/decide.ts", "runDecide"), node, module.topLevel);
  const before = module.problems.length;
  const lower = (hook: string, tells: boolean): void =>
    lowerProgram(module, {
      name: programName(spec, hook),
      section: "xdp",
      run,
      values: [partsOf(spec, spec.chain, tells)],
      slot: null,
    });
  lower("decide", false);
  // One that is alone is told of by what the chain has come to; and what is wrong is said once.
  const several = spec.chain.filter((box) => box.decide !== null).length > 1;
  if (traces && several && module.problems.length === before) lower("told", true);
}

const CHAIN = "zeta_chain";

/** Whether the service can stand alone on a node, where all packets come to its filters at once (bpf-lib/service/sole.ts). */
const standsAlone = (spec: ServiceSpec): boolean => spec.listensToAll && !decides(spec);

/** The service's program of filters, or one for each; none where no middlebox filters. */
function lowerFilters(module: ModuleBuilder, spec: ServiceSpec, node: ts.Node, filters: Filters): void {
  const entry = (file: string, name: string) => expectFunction(module.libraryValue(file, name), node, module.topLevel);
  const run = entry("service/filter.ts", "runFilters");
  const boxes = spec.chain.filter((box) => box.filter !== null);
  const programs = filters === "fused" ? (boxes.length === 0 ? [] : [boxes]) : boxes.map((box) => [box]);
  programs.forEach((own, at) => {
    const values = [partsOf(spec, own), linkOf(at + 1 < programs.length ? at + 1 : null)];
    const slot = at === 0 ? null : { map: CHAIN, index: at };
    const name = programName(spec, at === 0 ? "filter" : `filter_${at}`);
    lowerProgram(module, { name, section: "xdp", run, values, slot });
    if (at > 0 || !standsAlone(spec)) return;
    const sole = entry("service/sole.ts", "runSole");
    lowerProgram(module, { name: programName(spec, "sole"), section: "xdp", run: sole, values, slot });
  });
}

type Filters = "fused" | "tail-calls";

interface ServiceOptions {
  /** "fused" unless told. */
  readonly filters?: Filters;
  /** True unless told. */
  readonly traces?: boolean;
}

/** @throws TypeError for a field that cannot be folded: whoever gives fields has seen the manifest. */
function checkFolded({ folded }: ModuleBuilder, { chain }: ServiceSpec): void {
  for (const [path, bytes] of folded) {
    const [box, field = ""] = path.split(".");
    const layout = foldable(chain.find(({ name }) => name === box)?.config.get(field));
    if (layout?.size !== bytes.length) throw new TypeError(`Config '${path}' cannot be folded.`);
  }
}

export function lowerService(
  module: ModuleBuilder,
  spec: ServiceSpec,
  node: ts.Node,
  { filters = "fused", traces = true }: ServiceOptions,
): void {
  module.service = spec;
  checkFolded(module, spec);
  for (const box of spec.chain) {
    for (const hook of HOOKS) {
      const declaration = box[hook]?.declaration;
      if (declaration !== undefined) module.hooks.set(declaration, { box: box.name, hook });
    }
  }
  lowerFilters(module, spec, node, filters);
  lowerDecide(module, spec, node, traces);
  // The node's tables that the service's config goes into: no program of the service reads them.
  module.libraryValue("node/listen.ts", "zeta_node_listen");
  if (module.delivers) module.libraryValue("route/endpoints.ts", "zeta_node_endpoints");
}

type ServiceManifest = NonNullable<Manifest["service"]>;

/** What a field's maps are called: its own name, and this behind it. */
const MAPS: { readonly [K in ConfigSpec["kind"]]: readonly string[] } = {
  scalar: [],
  prefixes: [""],
  table: [""],
  maglev: ["", "_choices", "_set"],
  portPool: ["", "_ports", "_inward", "_outward"],
  secret: [],
};

function configEntry(
  box: string,
  name: string,
  spec: ConfigSpec,
  folded: Uint8Array | undefined,
): ServiceManifest["config"][number] {
  const maps = MAPS[spec.kind].map((suffix) => `${mapName(box, name)}${suffix}`);
  return {
    path: `${box}.${name}`,
    kind: spec.kind,
    of: "of" in spec ? spec.of : (partOf(spec) as LayoutData),
    key: spec.kind === "table" ? spec.key : null,
    max: "max" in spec ? spec.max : 1,
    size: spec.kind === "maglev" ? spec.tableSize : spec.kind === "portPool" ? spec.forwards : 0,
    maps,
    ...(folded === undefined ? {} : { folded: Buffer.from(folded).toString("hex") }),
  };
}

const SHARED: Readonly<Partial<Record<StateSpec["kind"], string>>> = { counter: "zeta_counters", meter: "zeta_meters" };

/** Its place in the array of its kind, where it has one. */
function stateIndex(module: ModuleBuilder, path: string, spec: StateSpec): number {
  switch (spec.kind) {
    case "counter":
    case "meter":
      return module.stateIndex(spec.kind, path);
    case "events":
      return module.stateIndex("counter", `${path}.lost`);
    case "rateLimiter":
      return spec.scope === "service" ? module.stateIndex("share", path) : 0;
    default:
      return 0;
  }
}

function stateEntry(
  module: ModuleBuilder,
  box: string,
  name: string,
  spec: StateSpec,
): ServiceManifest["state"][number] {
  const path = `${box}.${name}`;
  const index = stateIndex(module, path, spec);
  return {
    path,
    kind: spec.kind === "boundedTable" ? "table" : spec.kind,
    map: SHARED[spec.kind] ?? mapName(box, name),
    index,
    scope: spec.kind === "binding" || (spec.kind === "rateLimiter" && spec.scope === "service") ? "service" : "node",
    key: "key" in spec ? spec.key : null,
    value: "of" in spec ? spec.of : spec.kind === "counter" ? u64.layout : null,
  };
}

export function serviceManifest(module: ModuleBuilder): ServiceManifest | null {
  const { service } = module;
  if (service === null) return null;
  const has = (name: string) => module.maps.some((map) => map.name === name);
  const program = (hook: "filter" | "decide" | "told" | "sole") => {
    const name = programName(service, hook);
    return module.programs.some((each) => each.name === name) ? name : null;
  };
  const filters = (of: (box: MiddleboxSpec) => boolean) => service.chain.some((box) => box.filter !== null && of(box));
  return {
    name: service.name,
    filter: program("filter"),
    decide: program("decide"),
    told: program("told"),
    sole: program("sole"),
    sees: { client: filters(() => true), replies: filters((box) => box.both) },
    middleboxes: service.chain.map((box) => box.name),
    chain: service.chain.map((box) => ({
      filters: box.filter === null ? null : box.both ? "both" : "client",
      decides: box.decide !== null,
      holds: box.holds !== null,
    })),
    listen: service.listensToAll ? null : "zeta_node_listen",
    endpoints: module.delivers ? "zeta_node_endpoints" : null,
    config: service.chain.flatMap((box) =>
      [...box.config].map(([name, spec]) =>
        configEntry(box.name, name, spec, module.folded.get(`${box.name}.${name}`)),
      ),
    ),
    state: service.chain.flatMap((box) =>
      [...box.state].map(([name, spec]) => stateEntry(module, box.name, name, spec)),
    ),
    drops: module.dropReasons,
    dropsMap: has("zeta_drops") ? "zeta_drops" : null,
  };
}
