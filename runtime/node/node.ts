/**
 * A node in the kernel: the root program and its stages, the tables that all services share, and the services that were
 * added. Nothing is attached yet; see `startService` and `attach`.
 */

import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { type DataPlane, dataPlaneOf } from "../cluster/data-plane.ts";
import { withoutFolded } from "../config/folded-fields.ts";
import type { Config, LiveConfig } from "../config/live.ts";
import { notAService } from "../config/problems.ts";
import type { Bundle } from "../loader/bundle.ts";
import { waitForPrograms } from "../loader/grace.ts";
import { type LoadedObject, type LoadOptions, load, type ObjectWithManifest } from "../loader/load.ts";
import { lookup, remove, update } from "../loader/map-operations.ts";
import { failure } from "../loader/problems.ts";
import type { LoadedProgram } from "../loader/program.ts";
import { word } from "../loader/word.ts";
import type { TraceOptions } from "../trace/choose.ts";
import type { ToldService } from "../trace/guarded.ts";
import { alreadyTraced } from "../trace/problems.ts";
import type { Trace } from "../trace/trace.ts";
import { constantsOf, type NodeRole, nodeBundle, PROGRAMS_OF } from "./bundle.ts";
import type { Canary, CanaryPlace } from "./canaries.ts";
import { carryOf } from "./carry.ts";
import { countedBefore } from "./counted.ts";
import { type Endings, endingsOf } from "./endings.ts";
import { EndpointSlots } from "./endpoints.ts";
import { flowConstants } from "./flow-constants.ts";
import { flowCount } from "./flow-count.ts";
import { tableConstants, tableEntries, waysFor } from "./flow-tables.ts";
import { removeFlows } from "./flows.ts";
import { Listeners } from "./listeners.ts";
import { noSuchService, serviceChanged, serviceExists, tooManyServices } from "./problems.ts";
import { quotasOf } from "./quotas.ts";
import { isNodeMap, NODE_MAP, programPlace, shapesOf } from "./shapes.ts";
import { sieved } from "./sieve.ts";
import { entryOf, soleAmong } from "./sole.ts";
import { announce, type NodeState, type NodeTables } from "./store.ts";
import { sweeperOf } from "./sweeper.ts";
import { type Underlay, underlayOf } from "./underlay.ts";
import { prepareVersion, type ServiceManifest, type Version } from "./version.ts";

export interface NodeOptions {
  /** What the node is in a cluster: "single", in none, unless told. */
  readonly role?: NodeRole;
  /** How many flows each family's table has room for. */
  readonly flows?: number;
  readonly load?: Pick<LoadOptions, "cpu" | "constants" | "name" | "pins">;
  /** The node's programs, where they are not those of the package. */
  readonly source?: Bundle | ObjectWithManifest;
}

export interface AddOptions {
  /** Every field of the service: in place before the first packet reaches it. "later": fields are empty, or zero, until set. */
  readonly config?: Config | "later";
  /** What the node calls it; its own name unless told. Two of one kind need two names. */
  readonly name?: string;
  /** The network of its addresses, where they name none, and that it takes everything of when it listens to all; 0 unless told. */
  readonly vni?: number;
  readonly load?: Pick<LoadOptions, "cpu" | "maps" | "maxEntries" | "constants">;
}

export interface UpgradeOptions {
  /** The config that serves is carried over unless told. */
  readonly config?: Config;
  /** State whose layout has changed begins empty; without it such an upgrade is refused. */
  readonly freshState?: boolean;
  /** Packets that the new version must treat as expected before it takes over (canaries.ts). */
  readonly canaries?: readonly Canary[];
  /** The loopback's of this process's namespace unless told. */
  readonly canaryPlace?: CanaryPlace;
  readonly load?: Pick<LoadOptions, "cpu" | "maxEntries" | "constants">;
}

/** A service on a node. */
export interface NodeService {
  readonly name: string;
  readonly index: number;
  readonly vni: number;
  /** How often it was upgraded. */
  readonly upgrades: number;
  readonly manifest: Manifest;
  readonly object: LoadedObject;
  readonly config: LiveConfig;
  /** What versions before it had counted where this one counts anew, by name. */
  readonly counted: Readonly<Record<string, bigint>>;
  /** Takes it off the node, and forgets its flows: its packets are the host's from then on. Safe to call twice. */
  remove(): void;
}

export interface Node extends Underlay {
  readonly manifest: Manifest;
  readonly object: LoadedObject;
  /** The program that takes any packet. */
  readonly root: string;
  /** The program that belongs on interfaces: the root, or that of a service which needs none of what the root does (sole.ts). */
  entry(): LoadedProgram;
  readonly services: ReadonlyMap<string, NodeService>;
  readonly role: NodeRole;
  /** What its data plane knows of the cluster that it is in; null for a node by itself. */
  readonly cluster: DataPlane | null;
  /**
   * Adds a service: loaded, configured, and only then reachable; or nothing has changed.
   * @throws ZetaError: ZT8001 to ZT8005, ZT8106, ZT6001 to ZT6005 for its config, and whatever `load` throws.
   */
  add(source: Bundle | ObjectWithManifest, options?: AddOptions): Promise<NodeService>;
  /**
   * Puts another version in a service's place. It is loaded beside the one that serves, shares its state, and takes over by
   * one update of the jump table per program: no packet is lost, and flows stay. When it throws, nothing has changed.
   * @throws ZetaError: ZT8101 to ZT8103, ZT8105, and whatever `add` throws.
   */
  upgrade(name: string, source: Bundle | ObjectWithManifest, options?: UpgradeOptions): Promise<NodeService>;
  /** Flows that end without a packet. */
  readonly endings: Pick<Endings, "watch">;
  /** Lets go of a data plane that is pinned: it goes on without this process. */
  leave(): void;
  /**
   * Follows chosen packets from their arrival to what became of them. While it lasts, each packet costs more; before and
   * after, nothing. Loading takes seconds, in which the node serves on.
   * @throws ZetaError: ZT8120 while another lasts, ZT8121, ZT8122, ZT8101, and whatever `load` throws; nothing has changed then.
   */
  trace(options?: TraceOptions): Promise<Trace>;
  /** Ends the trace that lasts, if there is one. */
  endTrace(): void;
  close(): void;
  [Symbol.dispose](): void;
}

/** Flows that a node has room for, of each family, unless told. */
const DEFAULT_FLOWS = 50_000;

const tablesOf = (object: LoadedObject): NodeTables => ({
  read: (map, key) => lookup(object.map(map), key),
  write: (map, key, value) => void update(object.map(map), key, value),
  remove: (map, key) => void remove(object.map(map), key),
});

const LOOPBACK: CanaryPlace = { interface: 1, namespace: null };
/** What a forwarder has for the decide program of every service (bpf-lib/table/consult.ts). */
export const CONSULT = "zeta_consult";
const HOOK_NAMES = ["filter", "decide"] as const;

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
    ...constantsOf(role),
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
  const most = object.map(NODE_MAP.services).maxEntries;
  const root = manifest.node?.root ?? "";
  const names: (string | undefined)[] = ["the node"];
  const services = new Map<string, NodeService>();
  const versions = new Map<string, Version>();
  let closing = false;
  /** Which versions of services tell what each of their middleboxes decides. */
  let telling: (version: Version) => boolean = () => false;
  const tables = sieved(tablesOf(object), manifest);
  const quotas = quotasOf(manifest, tables);
  const endings = endingsOf({ manifest }, () => sweeper.start());
  const sweeper = sweeperOf({ manifest, object }, [flowCount(quotas, quotas.areSet), endings]);
  quotas.countBy({ count: sweeper.sweep, keepCounting: sweeper.start });
  const state: NodeState = {
    tables,
    quotas,
    shapes: shapesOf(manifest),
    slots: new EndpointSlots(object.map(NODE_MAP.hops).maxEntries),
    listeners: new Listeners(object.map(NODE_MAP.listen).maxEntries),
    nameOf: (index) => names[index] ?? `service ${index}`,
  };
  const cluster = role === "single" ? null : dataPlaneOf(manifest, tablesOf(object), quotas.share);
  const rootProgram = object.program(root);
  const entry = entryOf(rootProgram);
  const shared = new Map([...object.maps].filter(([name]) => isNodeMap(name)));

  const freeIndex = (): number => {
    for (let index = 1; index < most; index++) if (names[index] === undefined) return index;
    throw failure(tooManyServices(null, most - 1));
  };
  type HookName = (typeof HOOK_NAMES)[number];
  type Place = Pick<NodeService, "name" | "index" | "vni" | "upgrades" | "counted">;
  /** For generations of this lowest bit. */
  const setProgram = (index: number, hook: HookName, generation: number, fd: number | null): void => {
    const key = word(programPlace(index, hook, generation));
    if (fd === null) remove(object.map(NODE_MAP.programs), key);
    else update(object.map(NODE_MAP.programs), key, word(fd));
  };
  const programOf = (version: Version | null, hook: HookName): number | null => {
    const own = version?.service[hook] ?? null;
    const name = (version !== null && hook === "decide" && telling(version) ? version.service.told : null) ?? own;
    if (version === null || name === null) return null;
    // A forwarder decides nothing: whoever keeps the flow does.
    return role === "forwarder" && hook === "decide" ? object.program(CONSULT).fd : version.object.program(name).fd;
  };

  /** Packets come in by the root while anything changes, and then by whoever is alone. */
  function changing<T>(change: () => T): T {
    entry.replaceBy(rootProgram);
    try {
      return change();
    } finally {
      const sole = closing || role !== "single" ? null : soleAmong([...services.values()]);
      if (sole !== null) entry.replaceBy(sole.of.object.program(sole.program));
    }
  }

  /**
   * Programs first, then the record that leads to them, then the addresses; nothing leads to a slot that is emptied. Each version's
   * stand where its generation leads. Where one has none, the other's do: a packet may have read half of either's record.
   */
  function takeOver({ index, vni }: Pick<Place, "index" | "vni">, version: Version, before: Version | null): void {
    for (const hook of HOOK_NAMES) {
      const [next, last] = [programOf(version, hook), programOf(before, hook)];
      setProgram(index, hook, version.config.generation, next ?? last);
      setProgram(index, hook, version.config.generation + 1, last ?? next);
    }
    const now = version.config.generation;
    cluster?.service(index, version.service, vni);
    if (before !== null) version.store.follow(before.store.held, { before: before.config.generation, now });
    announce(state, index, version.service, now);
    before?.store.retire();
    // Packets that are under way may still be between the old version's programs, and see its addresses.
    waitForPrograms();
    version.store.publish(before?.store.held);
    for (const hook of HOOK_NAMES)
      for (const parity of [0, 1]) setProgram(index, hook, parity, programOf(version, hook));
  }

  function leave(index: number, version: Version): void {
    version.store.withdraw();
    // Packets that are under way still find the programs; then nobody does.
    waitForPrograms();
    for (const hook of HOOK_NAMES) for (const parity of [0, 1]) setProgram(index, hook, parity, null);
    update(object.map(NODE_MAP.services), word(index), state.shapes.noRecord());
    cluster?.withdraw(index);
  }

  /** Whoever has the index next must not be taken for the one that decided them. */
  function forgetFlows(index: number): void {
    for (const _ of removeFlows({ manifest, object }, ({ service }) => service === index));
  }

  /** A program for another that decides the same: packets may meet either. */
  function tell(which: typeof telling): void {
    telling = which;
    for (const [name, version] of versions)
      for (const parity of [0, 1])
        setProgram(services.get(name)?.index ?? 0, "decide", parity, programOf(version, "decide"));
  }
  /** Of a version that can tell. */
  const toldService = (index: number, { service: { told, decide }, object: own }: Version): ToldService[] =>
    told == null || decide === null
      ? []
      : [
          {
            places: [0, 1].map((parity) => programPlace(index, "decide", parity)),
            told: own.program(told),
            decide: own.program(decide),
          },
        ];

  function serve(place: Place, version: Version): NodeService {
    const { name, index } = place;
    const removeService = (): void => {
      if (versions.get(name) !== version) return;
      changing(() => {
        leave(index, version);
        if (!closing) forgetFlows(index);
        version.close();
        versions.delete(name);
        services.delete(name);
        names[index] = undefined;
      });
    };
    const { manifest: own, object: loaded, config } = version;
    const one: NodeService = { ...place, manifest: own, object: loaded, config, remove: removeService };
    versions.set(name, version);
    services.set(name, one);
    return one;
  }

  async function add(given: Bundle | ObjectWithManifest, added: AddOptions = {}): Promise<NodeService> {
    const service = serviceOf(given.manifest);
    const name = added.name ?? service.name;
    if (names.indexOf(name, 1) > 0) throw failure(serviceExists(null, name));
    const index = freeIndex();
    const vni = added.vni ?? 0;
    names[index] = name;
    try {
      const version = await prepareVersion(given, service, state, { ...added, index, vni, shared });
      return changing(() => {
        try {
          version.store.check();
          takeOver({ index, vni }, version, null);
        } catch (error) {
          leave(index, version);
          version.close();
          throw error;
        }
        return serve({ name, index, vni, upgrades: 0, counted: {} }, version);
      });
    } catch (error) {
      names[index] = undefined;
      throw error;
    }
  }

  async function upgrade(
    name: string,
    given: Bundle | ObjectWithManifest,
    wanted: UpgradeOptions = {},
  ): Promise<NodeService> {
    const current = services.get(name);
    const before = versions.get(name);
    if (current === undefined || before === undefined) throw failure(noSuchService(null, name, [...services.keys()]));
    const { index, vni } = current;
    const service = serviceOf(given.manifest);
    const carry = carryOf(
      { service: before.service, maps: before.manifest.maps },
      { service, maps: given.manifest.maps },
    );
    if (carry.differing.length > 0 && wanted.freshState !== true) throw new ZetaError(carry.differing);
    const maps = Object.fromEntries([...carry.maps].map(([to, from]) => [to, before.object.map(from)]));
    const { generation } = before.config;
    // What the new version has folded comes with its programs.
    const running = withoutFolded(given.manifest, before.config.get());
    const config = wanted.config ?? (Object.keys(running).length === 0 ? "later" : running);
    const canaries = wanted.canaries ?? [];
    if (canaries.length > 0) {
      const { refuseByCanaries } = await import("./canaries.ts");
      await refuseByCanaries(canaries, {
        place: wanted.canaryPlace ?? LOOPBACK,
        vni,
        before: { source: before.source, config: running },
        after: { source: given, config: wanted.config ?? running },
      });
    }
    const version = await prepareVersion(given, service, state, {
      index,
      vni,
      shared,
      config,
      before: before.config,
      load: { ...wanted.load, maps },
    });
    return changing(() => {
      try {
        // Config that was set meanwhile would be undone by what was carried over.
        if (versions.get(name) !== before || before.config.generation !== generation)
          throw failure(serviceChanged(null, name));
        replace(current, version, before);
      } catch (error) {
        version.close();
        throw error;
      }
      const counted = countedBefore(current, carry);
      const one = serve({ name, index, vni, upgrades: current.upgrades + 1, counted }, version);
      before.close();
      return one;
    });
  }

  /** One after the other, or the other stays. */
  function replace(place: Pick<Place, "index" | "vni">, version: Version, before: Version): void {
    version.store.check();
    try {
      takeOver(place, version, before);
    } catch (error) {
      takeOver(place, before, version);
      throw error;
    }
  }

  let tracing: Trace | "starting" | null = null;
  const endTrace = (): void => {
    if (tracing !== null && tracing !== "starting") tracing.close();
  };
  async function trace(wanted: TraceOptions = {}): Promise<Trace> {
    if (tracing !== null) throw failure(alreadyTraced(null));
    tracing = "starting";
    const ended = (): void => {
      tracing = null;
      tell(() => false);
    };
    try {
      const { startTrace } = await import("../trace/trace.ts");
      const place = { manifest, object, root, entry: () => entry.program, services };
      // Whoever watches over a data plane that is kept knows these alone.
      const kept = [...entry.program.attachments].some(({ pinned }) => pinned);
      const known = new Set(versions.values());
      const told = [...versions].flatMap(([name, version]) => toldService(services.get(name)?.index ?? 0, version));
      const started = await startTrace(place, loading, wanted, { services: told, ended });
      tracing = started;
      tell(kept ? (version) => known.has(version) : () => true);
      if (closing) started.close();
      return started;
    } catch (error) {
      ended();
      throw error;
    }
  }

  const close = (): void => {
    closing = true;
    endTrace();
    sweeper.close();
    for (const service of [...services.values()]) service.remove();
    object.close();
  };
  return {
    manifest,
    object,
    root,
    entry: () => entry.program,
    services,
    role,
    cluster,
    ...underlayOf(manifest, state),
    add,
    upgrade,
    endings,
    trace,
    endTrace,
    leave: () => {
      endTrace();
      sweeper.close();
      object.close();
    },
    close,
    [Symbol.dispose]: close,
  };
}

function serviceOf(manifest: Manifest): ServiceManifest {
  if (manifest.service === null) throw failure(notAService(null, manifest.name));
  return manifest.service;
}
