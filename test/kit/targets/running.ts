/** What every target shares once a program is loaded: typed maps, drops, counters, events, outcomes. */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { Config, LiveConfig } from "../../../runtime/config/live.ts";
import { MOST_REASONS, NODE_MAP } from "../../../runtime/node/shapes.ts";
import type { Underlay } from "../../../runtime/node/underlay.ts";
import { decode } from "../../../sdk/layout/codec.ts";
import { type Verdict, verdictOf } from "../matchers/verdict.ts";
import { fromBytes } from "../packet/packet.ts";
import { noSuchMap, notSupported } from "../problems.ts";
import { type RawMap, type TestMap, testMap } from "./map.ts";
import { nanoseconds } from "./span.ts";
import type { Compiled, Outcome, Redirected, Running, TestGlobals } from "./target.ts";

/** What a target brings. */
export interface Engine {
  readonly name: string;
  runOne(packet: Uint8Array): RawOutcome | Promise<RawOutcome>;
  raw(map: string): RawMap;
  readonly globals: TestGlobals;
  /** Null for a program that is no service. */
  readonly config: LiveConfig | null;
  /** False when the program's clock cannot be moved. */
  advance(by: bigint): boolean;
  close(): void | Promise<void>;
}

export interface RawOutcome {
  readonly action: number;
  readonly packet: Uint8Array;
  readonly redirect: Redirected | null;
}

/** The numbers in a value by name, "" for a number by itself; those of all CPUs added up. */
function sums(value: unknown, name = ""): Map<string, bigint> {
  const parts: readonly Map<string, bigint>[] = Array.isArray(value)
    ? value.map((one) => sums(one, name))
    : typeof value === "object" && value !== null
      ? Object.entries(value).map(([part, one]) => sums(one, name === "" ? part : `${name}.${part}`))
      : [new Map([[name, BigInt((value ?? 0n) as bigint)]])];
  const all = new Map<string, bigint>();
  for (const part of parts) for (const [key, count] of part) all.set(key, (all.get(key) ?? 0n) + count);
  return all;
}

const total = (value: unknown): bigint => [...sums(value).values()].reduce((sum, one) => sum + one, 0n);

const nextHopOf = (verdict: Verdict, outcome: RawOutcome): string | null => {
  const first = verdict === "transmit" || verdict === "redirect" ? fromBytes(outcome.packet).layers[0] : undefined;
  return first?.kind === "ethernet" ? first.destination : null;
};

/** The node that a service runs on. */
export interface HostNode {
  readonly compiled: Compiled;
  /** The service's index. */
  readonly index: number;
  readonly underlay: Underlay;
}

export function startRunning({ module, manifest }: Compiled, engine: Engine, host: HostNode | null = null): Running {
  const service = manifest?.service ?? null;
  const declared = [...module.maps, ...(host?.compiled.module.maps ?? [])];
  const names = [...new Set(declared.map((map) => map.name))];
  const opened = new Map<string, TestMap>();
  const map = (name: string): TestMap => {
    const data = declared.find((one) => one.name === name);
    if (data === undefined) throw new ZetaError([noSuchMap(null, name, names)]);
    const known = opened.get(name) ?? testMap(data, engine.raw(name));
    opened.set(name, known);
    return known;
  };

  const hostDrops = host?.compiled.manifest?.node?.drops ?? [];
  /** The service's own, then those of the node: of the service's packets, and of nobody's. */
  const nobodys = hostDrops.map((name) => name.replace(/^service: /, "node: "));
  const dropNames = [...(service?.drops ?? []), ...hostDrops, ...nobodys];
  const dropCounts = (): bigint[] => {
    const dropsMap = service?.dropsMap ?? null;
    const own = (service?.drops ?? []).map((_, index) => (dropsMap === null ? 0n : total(map(dropsMap).get(index))));
    const of = (index: number) =>
      hostDrops.map((_, reason) => total(map(NODE_MAP.drops).get(index * MOST_REASONS + reason)));
    return [...own, ...of(host?.index ?? 0), ...of(0)];
  };
  const dropsBefore = dropCounts();
  /** Counts at the last drop seen: the one that has risen since is the reason of the next. */
  let lastDrops = dropsBefore;
  const reasonOf = (verdict: Verdict): string | null => {
    if (verdict !== "drop") return null;
    const now = dropCounts();
    const risen = now.findIndex((count, index) => count > (lastDrops[index] ?? 0n));
    lastDrops = now;
    return dropNames[risen] ?? null;
  };

  const configured = (): LiveConfig => {
    if (engine.config === null) throw new ZetaError([notSupported(null, "Configuring", engine.name)]);
    return engine.config;
  };
  let open = true;
  const close = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await engine.close();
  };

  return {
    async run(...packets) {
      const outcomes: Outcome[] = [];
      for (const packet of packets) {
        const raw = await engine.runOne(packet instanceof Uint8Array ? packet : packet.bytes);
        const verdict = verdictOf(raw.action);
        outcomes.push({
          verdict,
          packet: fromBytes(raw.packet),
          redirect: raw.redirect,
          nextHop: nextHopOf(verdict, raw),
          reason: reasonOf(verdict),
        });
      }
      return outcomes;
    },
    map,
    maps: names,
    globals: engine.globals,
    config: {
      paths: engine.config?.paths ?? [],
      get generation() {
        return engine.config?.generation ?? 0;
      },
      get: (path) => configured().get(path),
      set: (first: Config | string, value?: unknown) =>
        typeof first === "string" ? configured().set(first, value) : configured().set(first),
    },
    get underlay() {
      if (host === null) throw new ZetaError([notSupported(null, "Telling a node of its networks", engine.name)]);
      return host.underlay;
    },
    events(name) {
      const streams = service?.state.filter((state) => state.kind === "events") ?? [];
      const wanted = name === undefined ? streams : streams.filter((stream) => stream.path === name);
      if (name !== undefined && wanted.length === 0) return map(name).records();
      return wanted.flatMap(({ map: stream, value }) => {
        const records = map(stream).records() as Uint8Array[];
        return value === null ? records : records.map((record) => decode(value, record));
      });
    },
    drops() {
      const counts: Record<string, bigint> = {};
      for (const [index, count] of dropCounts().entries()) {
        const name = dropNames[index] ?? "";
        const more = count - (dropsBefore[index] ?? 0n);
        // A service and its node may count under the same name.
        if (more > 0n) counts[name] = (counts[name] ?? 0n) + more;
      }
      return counts;
    },
    counters() {
      const counted = service?.state.filter(({ kind }) => kind === "counter" || kind === "meter") ?? [];
      return Object.fromEntries(
        counted.flatMap(({ path, kind, map: name, index }): (readonly [string, bigint])[] => {
          const value = map(name).get(index);
          if (kind === "counter") return [[path, total(value)]];
          return [...sums(value)].map(([part, count]) => [`${path}.${part}`, count]);
        }),
      );
    },
    advance(by) {
      if (!engine.advance(nanoseconds(by))) throw new ZetaError([notSupported(null, "Moving the clock", engine.name)]);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
