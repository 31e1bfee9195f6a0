/** What a service has counted: its counters, its meters, its drops by reason. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { lookup, valueStride } from "../loader/map-operations.ts";

import type { Node } from "../node/node.ts";
import { MOST_REASONS, NODE_MAP } from "../node/shapes.ts";

type ServiceManifest = NonNullable<Manifest["service"]>;
type Maps = ReadonlyMap<string, MapHandle>;

/** A slot of an array that holds numbers. */
export interface Count {
  /** "acl.seen"; parts of its value are named after it: "acl.traffic.bytes". */
  readonly name: string;
  readonly map: MapHandle;
  readonly index: number;
  readonly layout: LayoutData;
}

export interface CountValue {
  readonly name: string;
  readonly value: bigint;
}

export const U64: LayoutData = { kind: "scalar", type: "u64", size: 8, align: 8, order: "little" };
/** The map of all counters, lost events among them. */
const COUNTERS = "zeta_counters";
/** What the library's meters hold (bpf-lib/state/counter.ts). */
const METER: LayoutData = {
  kind: "struct",
  fields: [
    { name: "packets", offset: 0, layout: U64 },
    { name: "bytes", offset: 8, layout: U64 },
  ],
  size: 16,
  align: 8,
};
const LAYOUTS: Readonly<Record<string, LayoutData>> = { counter: U64, meter: METER };

/** Whole numbers in a decoded value: itself, or those of its fields, named by path. */
function* numbersIn(name: string, value: unknown): Generator<CountValue> {
  if (typeof value === "bigint" || typeof value === "number") yield { name, value: BigInt(value) };
  else if (typeof value === "object" && value !== null) {
    for (const [field, part] of Object.entries(value)) yield* numbersIn(`${name}.${field}`, part);
  }
}

function slotKey(index: number): Uint8Array {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(index);
  return key;
}

/** Adds up what the CPUs have counted. */
export function readCount({ name, map, index, layout }: Count): CountValue[] {
  const bytes = lookup(map, slotKey(index));
  if (bytes === null) return [];
  const sums = new Map<string, bigint>();
  for (let cpu = 0; cpu < map.copies; cpu++) {
    for (const part of numbersIn(name, decode(layout, bytes, cpu * valueStride(map)))) {
      sums.set(part.name, (sums.get(part.name) ?? 0n) + part.value);
    }
  }
  return [...sums].map(([part, value]) => ({ name: part, value }));
}

/** Counters and meters, in the order of their declaration. */
export const counts = (service: ServiceManifest, maps: Maps): readonly Count[] =>
  service.state.flatMap(({ path, kind, map: mapName, index }): Count[] => {
    const map = maps.get(mapName);
    const layout = LAYOUTS[kind];
    return layout === undefined || map === undefined ? [] : [{ name: path, map, index, layout }];
  });

/** Drops by reason ("acl: not allowed"). */
export function dropCounts(service: ServiceManifest, maps: Maps): readonly Count[] {
  const map = service.dropsMap === null ? undefined : maps.get(service.dropsMap);
  return map === undefined ? [] : service.drops.map((name, index) => ({ name, map, index, layout: U64 }));
}

/** Drops of the service's packets by the node itself ("service: table full"). */
export function nodeDropCounts(
  { manifest, object }: Pick<Node, "manifest" | "object">,
  service: number,
): readonly Count[] {
  const map = object.maps.get(NODE_MAP.drops);
  if (map === undefined) return [];
  return (manifest.node?.drops ?? []).map((name, reason) => {
    return { name, map, index: service * MOST_REASONS + reason, layout: U64 };
  });
}

/**
 * Drops as people read them. A service has its own reasons from its source, and shows them all. The node's are for every
 * service the same few dozen, of which most cannot befall this one: they are shown where they did.
 */
export function dropsOf(own: readonly Count[], byNode: readonly Count[]): Record<string, bigint> {
  const names = new Set(own.map(({ name }) => name));
  const all = [...countMap([...own, ...byNode])];
  return Object.fromEntries(all.filter(([name, value]) => value > 0n || names.has(name)));
}

/** Reads how many events of a stream found no room, as the library counts them; null where nothing does. */
export function lostCount({ state }: ServiceManifest, path: string, maps: Maps): (() => bigint) | null {
  const stream = state.find((each) => each.path === path);
  const map = maps.get(COUNTERS);
  if (stream === undefined || map === undefined) return null;
  const count: Count = { name: path, map, index: stream.index, layout: U64 };
  return () => readCount(count)[0]?.value ?? 0n;
}

/** What was counted by name: a service and its node may count drops under the same one. */
export function countMap(all: readonly Count[]): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { name, value } of all.flatMap(readCount)) sums.set(name, (sums.get(name) ?? 0n) + value);
  return sums;
}

/** All of them as they are now. */
export const readAll = (all: readonly Count[]): Record<string, bigint> => Object.fromEntries(countMap(all));
