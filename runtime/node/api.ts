/** What a node is to whoever uses it, and what it is told. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { DataPlane } from "../cluster/data-plane.ts";
import type { Times } from "../cluster/time.ts";
import type { Config, LiveConfig } from "../config/live.ts";
import type { Bundle } from "../loader/bundle.ts";
import type { LoadedObject, LoadOptions, ObjectWithManifest } from "../loader/load.ts";
import type { LoadedProgram } from "../loader/program.ts";
import type { TraceOptions } from "../trace/choose.ts";
import type { Trace } from "../trace/trace.ts";
import type { NodeRole } from "./bundle.ts";
import type { Canary, CanaryPlace } from "./canaries.ts";
import type { Endings } from "./endings.ts";
import type { Underlay } from "./underlay.ts";

export interface NodeOptions {
  /** What the node is in a cluster: "single", in none, unless told. */
  readonly role?: NodeRole;
  /** Those of its cluster; those that are told unless others are. */
  readonly times?: Times;
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
   * @throws ZetaError: ZT8120 while another lasts, ZT8121, ZT8122, ZT8123 for a member of a cluster, ZT8101, and whatever `load` throws; nothing has changed then.
   */
  trace(options?: TraceOptions): Promise<Trace>;
  /** Ends the trace that lasts, if there is one. */
  endTrace(): void;
  close(): void;
  [Symbol.dispose](): void;
}
