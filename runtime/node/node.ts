/**
 * A node in the kernel: the root program and its stages, the tables that all services share, and the services that were
 * added. Nothing is attached yet; see `startService` and `attach`.
 */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { dataPlaneOf } from "../cluster/data-plane.ts";
import { type LoadedObject, type LoadOptions, load } from "../loader/load.ts";
import { lookup, remove, update } from "../loader/map-operations.ts";
import type { Node, NodeOptions } from "./api.ts";
import { constantsOf, type NodeRole, nodeBundle, PROGRAMS_OF } from "./bundle.ts";
import { endingsOf } from "./endings.ts";
import { EndpointSlots } from "./endpoints.ts";
import { flowConstants } from "./flow-constants.ts";
import { flowCount } from "./flow-count.ts";
import { tableConstants, tableEntries, waysFor } from "./flow-tables.ts";
import { removeFlows } from "./flows.ts";
import { hooksOf } from "./hooks.ts";
import { Listeners } from "./listeners.ts";
import { quotasOf } from "./quotas.ts";
import { Indices, Services } from "./services.ts";
import { NODE_MAP, shapesOf } from "./shapes.ts";
import { sieved } from "./sieve.ts";
import { entryOf, soleAmong } from "./sole.ts";
import type { NodeState, NodeTables } from "./store.ts";
import { sweeperOf } from "./sweeper.ts";
import { tracingOf } from "./tracing.ts";
import { underlayOf } from "./underlay.ts";

export type { AddOptions, Node, NodeOptions, NodeService, UpgradeOptions } from "./api.ts";

/** Flows that a node has room for, of each family, unless told. */
const DEFAULT_FLOWS = 50_000;

const tablesOf = (object: LoadedObject): NodeTables => ({
  read: (map, key) => lookup(object.map(map), key),
  write: (map, key, value) => void update(object.map(map), key, value),
  remove: (map, key) => void remove(object.map(map), key),
});

/** The programs of a node, in the kernel. */
export interface LoadedNode {
  readonly object: LoadedObject;
  readonly manifest: Manifest;
  readonly role: NodeRole;
  /** What they were loaded with. */
  readonly loading: Pick<LoadOptions, "cpu"> & { readonly constants: NonNullable<LoadOptions["constants"]> };
}

/** @throws whatever `load` throws. */
export async function loadNode(options: NodeOptions = {}): Promise<LoadedNode> {
  const role = options.role ?? "single";
  const source = options.source ?? (await nodeBundle(PROGRAMS_OF[role]));
  const ways = waysFor(options.flows ?? DEFAULT_FLOWS);
  const constants = {
    ...(await flowConstants()),
    ...tableConstants(ways),
    ...constantsOf(role, options.times),
    ...options.load?.constants,
  };
  const object = await load(source, { ...options.load, maxEntries: tableEntries(ways, role), constants });
  const cpu = options.load?.cpu;
  return { object, manifest: source.manifest, role, loading: { ...(cpu === undefined ? {} : { cpu }), constants } };
}

/** @throws whatever `load` throws. */
export const openNode = async (options: NodeOptions = {}): Promise<Node> => nodeOf(await loadNode(options));

/** A node of programs that nobody has used yet; closing it unloads them. */
export function nodeOf({ object, manifest, role, loading }: LoadedNode): Node {
  const root = manifest.node?.root ?? "";
  const tables = sieved(tablesOf(object), manifest);
  const quotas = quotasOf(manifest, tables);
  const endings = endingsOf({ manifest }, () => sweeper.start());
  const sweeper = sweeperOf({ manifest, object }, [flowCount(quotas, quotas.areSet), endings]);
  quotas.countBy({ count: sweeper.sweep, keepCounting: sweeper.start });
  const indices = new Indices(object.map(NODE_MAP.services).maxEntries);
  const state: NodeState = {
    tables,
    quotas,
    shapes: shapesOf(manifest),
    slots: new EndpointSlots(object.map(NODE_MAP.hops).maxEntries),
    listeners: new Listeners(object.map(NODE_MAP.listen).maxEntries),
    nameOf: indices.nameOf,
  };
  const cluster = role === "single" ? null : dataPlaneOf(manifest, tablesOf(object), quotas.share);
  const rootProgram = object.program(root);
  const entry = entryOf(rootProgram);
  const hooks = hooksOf({ object, role, state, cluster });
  let isClosing = false;

  const services = new Services({
    object,
    state,
    hooks,
    indices,
    forgetFlows(index) {
      for (const _ of removeFlows({ manifest, object }, ({ service }) => service === index));
    },
    /** Packets come in by the root while anything changes, and then by whoever is alone. */
    changing(change) {
      entry.replaceBy(rootProgram);
      try {
        return change();
      } finally {
        const sole = isClosing || role !== "single" ? null : soleAmong([...services.all.values()]);
        if (sole !== null) entry.replaceBy(sole.of.object.program(sole.program));
      }
    },
  });
  const tracing = tracingOf({ manifest, object, root, role, entry, services, hooks, loading });

  const close = (): void => {
    isClosing = true;
    tracing.close();
    sweeper.close();
    services.close();
    object.close();
  };
  return {
    manifest,
    object,
    root,
    entry: () => entry.program,
    services: services.all,
    role,
    cluster,
    ...underlayOf(manifest, state),
    add: (given, added) => services.add(given, added),
    upgrade: (name, given, wanted) => services.upgrade(name, given, wanted),
    endings,
    trace: tracing.start,
    endTrace: tracing.end,
    leave() {
      tracing.end();
      sweeper.close();
      object.close();
    },
    close,
    [Symbol.dispose]: close,
  };
}
