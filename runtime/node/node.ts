/**
 * A node in the kernel: the root program and its stages, the tables that all services share, and the services that were
 * added. Nothing is attached yet; see `startService` and `attach`.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { Config, LiveConfig } from "../config/live.ts";
import { notAService } from "../config/problems.ts";
import type { Bundle } from "../loader/bundle.ts";
import { waitForPrograms } from "../loader/grace.ts";
import { type LoadedObject, type LoadOptions, load, type ObjectWithManifest } from "../loader/load.ts";
import { lookup, remove, update } from "../loader/map-operations.ts";
import { failure } from "../loader/problems.ts";
import { nodeBundle } from "./bundle.ts";
import { EndpointSlots } from "./endpoints.ts";
import { serviceExists, tooManyServices } from "./problems.ts";
import { FLOW_TABLES, HOOK, HOOKS, isNodeMap, NODE_MAP, shapesOf, word } from "./shapes.ts";
import { admitListener, announce, type NodeState, type NodeTables, serviceStore } from "./store.ts";

type ServiceManifest = NonNullable<Manifest["service"]>;

export interface NodeOptions {
  /** How many flows each family's table has room for. */
  readonly flows?: number;
  readonly load?: Pick<LoadOptions, "cpu" | "constants" | "pins">;
  /** The node's programs, where they are not those of the package. */
  readonly source?: Bundle | ObjectWithManifest;
}

export interface AddOptions {
  /** Every field of the service: in place before the first packet reaches it. "later": fields are empty, or zero, until set. */
  readonly config?: Config | "later";
  /** The network that it takes everything of, for a service that listens to all; 0 unless told. */
  readonly vni?: number;
  readonly load?: Pick<LoadOptions, "cpu" | "maps" | "maxEntries" | "constants">;
}

/** A service on a node. */
export interface NodeService {
  readonly name: string;
  readonly index: number;
  readonly manifest: Manifest;
  readonly object: LoadedObject;
  readonly config: LiveConfig;
  /** Takes it off the node: its packets are the host's from then on. Safe to call twice. */
  remove(): void;
}

export interface Node {
  readonly manifest: Manifest;
  readonly object: LoadedObject;
  readonly root: string;
  readonly services: ReadonlyMap<string, NodeService>;
  /**
   * Adds a service: loaded, configured, and only then reachable; or nothing has changed.
   * @throws ZetaError: ZT8001, ZT8003, ZT8004, ZT6001 to ZT6005 for its config, and whatever `load` throws.
   */
  add(source: Bundle | ObjectWithManifest, options?: AddOptions): Promise<NodeService>;
  close(): void;
  [Symbol.dispose](): void;
}

const tablesOf = (object: LoadedObject): NodeTables => ({
  read: (map, key) => lookup(object.map(map), key),
  write: (map, key, value) => void update(object.map(map), key, value),
  remove: (map, key) => void remove(object.map(map), key),
});

/** @throws whatever `load` throws. */
export async function openNode(options: NodeOptions = {}): Promise<Node> {
  const source = options.source ?? (await nodeBundle());
  const { manifest } = source;
  const maxEntries = Object.fromEntries(
    options.flows === undefined ? [] : FLOW_TABLES.map((name) => [name, (options.flows ?? 0) * 2]),
  );
  const object = await load(source, { ...options.load, maxEntries });
  const most = object.map(NODE_MAP.services).maxEntries;
  const names: (string | undefined)[] = ["the node"];
  const services = new Map<string, NodeService>();
  const state: NodeState = {
    tables: tablesOf(object),
    shapes: shapesOf(manifest),
    slots: new EndpointSlots(object.map(NODE_MAP.hops).maxEntries),
    nameOf: (index) => names[index] ?? `service ${index}`,
  };
  const shared = new Map([...object.maps].filter(([name]) => isNodeMap(name)));

  const freeIndex = (): number => {
    for (let index = 1; index < most; index++) if (names[index] === undefined) return index;
    throw failure(tooManyServices(null, most - 1));
  };
  const setProgram = (index: number, hook: keyof typeof HOOK, fd: number | null): void => {
    const key = word(index * HOOKS + HOOK[hook]);
    if (fd === null) remove(object.map(NODE_MAP.programs), key);
    else update(object.map(NODE_MAP.programs), key, word(fd));
  };

  async function add(given: Bundle | ObjectWithManifest, added: AddOptions = {}): Promise<NodeService> {
    const service = serviceOf(given.manifest);
    if (services.has(service.name)) throw failure(serviceExists(null, service.name));
    const index = freeIndex();
    names[index] = service.name;
    try {
      const one = await enter(given, service, index, added);
      services.set(service.name, one);
      return one;
    } catch (error) {
      names[index] = undefined;
      throw error;
    }
  }

  async function enter(
    given: Bundle | ObjectWithManifest,
    service: ServiceManifest,
    index: number,
    added: AddOptions,
  ): Promise<NodeService> {
    // Checking config needs zod, which a program that only reads maps need not wait for.
    const [{ openConfig }, { kernelStore }] = await Promise.all([
      import("../config/live.ts"),
      import("../config/kernel-store.ts"),
    ]);
    const declared = given.manifest.maps.map(({ name }) => name);
    const maps = Object.fromEntries([...shared].filter(([name]) => declared.includes(name)));
    const own = await load(given, { ...added.load, maps: { ...maps, ...added.load?.maps } });
    const everything = service.listen === null ? state.shapes.everything(added.vni ?? 0) : null;
    const store = serviceStore(kernelStore(given.manifest, own), state, index, service);
    const config = openConfig(given.manifest, store);
    let there = true;
    const removeService = (): void => {
      if (!there) return;
      there = false;
      config.clear();
      if (everything !== null) remove(object.map(NODE_MAP.listen), everything);
      // Packets that are under way still find the programs; then nobody does.
      waitForPrograms();
      for (const hook of ["filter", "decide"] as const) if (service[hook] !== null) setProgram(index, hook, null);
      update(object.map(NODE_MAP.services), word(index), state.shapes.noRecord());
      config.close();
      own.close();
      services.delete(service.name);
      names[index] = undefined;
    };
    try {
      if (everything !== null) admitListener(state, index, everything);
      for (const hook of ["filter", "decide"] as const) {
        const program = service[hook];
        if (program !== null) setProgram(index, hook, own.program(program).fd);
      }
      announce(state, index, service, config.generation);
      if (config.paths.length > 0 && added.config !== "later") config.set(added.config ?? {});
      if (everything !== null) update(object.map(NODE_MAP.listen), everything, word(index));
    } catch (error) {
      removeService();
      throw error;
    }
    return { name: service.name, index, manifest: given.manifest, object: own, config, remove: removeService };
  }

  const close = (): void => {
    for (const service of [...services.values()]) service.remove();
    object.close();
  };
  return {
    manifest,
    object,
    root: manifest.node?.root ?? "",
    services,
    add,
    close,
    [Symbol.dispose]: close,
  };
}

function serviceOf(manifest: Manifest): ServiceManifest {
  if (manifest.service === null) throw failure(notAService(null, manifest.name));
  return manifest.service;
}
