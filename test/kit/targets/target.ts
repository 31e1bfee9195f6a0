/** A place where a program runs under test. One table of packets runs on every target and must give the same outcomes. */
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import type { Module } from "../../../compiler/ir/ir.ts";
import type { Config } from "../../../runtime/config/live.ts";
import type { Underlay } from "../../../runtime/node/underlay.ts";
import type { Verdict } from "../matchers/verdict.ts";
import type { Packet } from "../packet/packet.ts";
import type { TestMap } from "./map.ts";

/** A compiled program: its checked IR, what describes it, and its object where a compiler made one. */
export interface Compiled {
  readonly module: Module;
  /** Null for modules built by hand: such a program has maps and globals, but no config, drops or counters. */
  readonly manifest: Manifest | null;
  /** Null: the kernel target makes it from the IR, with LLVM. */
  readonly object: Uint8Array | null;
  /** URL of the folder that its sources are named relative to: by it a debugger finds them. */
  readonly folder?: string;
}

/** The path or URL of a source file, or a program that is compiled already. */
export type Source = string | URL | Compiled;

export interface TargetOptions {
  /** Of random numbers: the same seed gives the same run. 0 unless told. */
  readonly seed?: number;
  /** Nanoseconds at which the clock stands until it is advanced. 0 unless told. */
  readonly clock?: bigint;
  /**
   * Where route look-ups lead, in programs compiled from source: every address is one hop away on the interface of this
   * index (2 unless told), by the MAC address 02:01 and the last four bytes of the IP address. Null: there are no routes.
   */
  readonly route?: number | null;
  /** The longest IP packet that these routes take, in bytes; 1500 unless told. */
  readonly mtu?: number;
  /** Config by path ("acl.rules") and its value, set before the first packet. Fields left out stay empty, or zero. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The network that a service is in: that of its addresses where they name none, and of all it takes. 0, none, unless told. */
  readonly vni?: number;
  /** Values of globals by name, set before the first packet. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** How many flows each family's table has room for, of a service's node: the node's own number unless told. */
  readonly flows?: number;
  /** The program to run: the service's root, or the only one, unless told. */
  readonly program?: string;
  /** Index of the interface that packets come in by; the loopback's, 1, unless told. */
  readonly interface?: number;
}

/** `unknown`: the kernel's test run says that a packet is redirected, but not where to. */
export type Redirected =
  | { readonly kind: "interface"; readonly interface: number }
  | { readonly kind: "map"; readonly map: string; readonly key: number }
  | "unknown";

export interface Outcome {
  readonly verdict: Verdict;
  /** As the program left it, whatever the verdict. */
  readonly packet: Packet;
  /** Null unless the verdict is `redirect`. */
  readonly redirect: Redirected | null;
  /** The MAC address the packet leaves for; null unless it is sent on (`transmit` or `redirect`). */
  readonly nextHop: string | null;
  /** What counted the drop, if the service counts drops and this packet was the cause of one. */
  readonly reason: string | null;
}

export interface TestConfig {
  /**
   * Replaces a field's value for the next packets. @throws ZetaError ZT6001 to ZT6005 with the path of each wrong part;
   * the value from before then stays. Without a path: the whole config, as a config file has it.
   */
  set(path: string, value: unknown): void;
  set(config: Config): void;
  /** What serves, in the form of a config file. */
  get(path: string): unknown;
  /** Counts the changes. */
  readonly generation: number;
  readonly paths: readonly string[];
}

export interface TestGlobals {
  readonly names: readonly string[];
  get(name: string): unknown;
  /** @throws on the kernel, for constants: those are set by `TargetOptions.globals`. */
  set(name: string, value: unknown): void;
}

/** A program on a target. Close it, also when a test fails: `await using running = await target.load(source)`. */
export interface Running {
  /** Runs the packets in order, one after the other; state stays between them. */
  run(...packets: readonly (Packet | Uint8Array)[]): Promise<Outcome[]>;
  /** Typed access by the map's declared layouts. @throws ZetaError ZT9006 for an unknown name. */
  map(name: string): TestMap;
  readonly maps: readonly string[];
  readonly globals: TestGlobals;
  readonly config: TestConfig;
  /** What a service's node is told of the networks that it stands in. @throws ZetaError for a program that is no service. */
  readonly underlay: Underlay;
  /** Takes the events that wait: of all streams, of one by path ("watch.seen"), or the records of a ring buffer by its name. */
  events(name?: string): unknown[];
  /** Drops by reason since loading: `{ "acl: not allowed": 3n }`. Reasons without drops are left out. */
  drops(): Record<string, bigint>;
  /** Counters by path, meters by their parts: `{ "acl.allowed": 12n, "acl.traffic.bytes": 840n }`. */
  counters(): Record<string, bigint>;
  /** Moves the clock: "5s", "250ms", or nanoseconds. */
  advance(by: string | bigint): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Target {
  readonly name: "interpreter" | "kernel";
  /** Null where the target can run; otherwise what this process lacks. */
  readonly missing: () => Promise<string | null>;
  load(source: Source, options?: TargetOptions): Promise<Running>;
}
