/** The numbers that a running service shows: its counters and meters, and its drops by name. */
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import { decode } from "../../../sdk/layout/codec.ts";
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { LoadedObject } from "../../loader/load.ts";
import type { MapHandle } from "../../loader/map-handle.ts";
import { lookup, valueStride } from "../../loader/map-operations.ts";

export interface CounterValue {
  /** "acl.seen", "acl.bandwidth.bytes", or "drop acl: not allowed". */
  readonly name: string;
  readonly value: bigint;
}

interface Source {
  readonly name: string;
  readonly map: MapHandle;
  readonly index: number;
  readonly layout: LayoutData;
}

const U64: LayoutData = { kind: "scalar", type: "u64", size: 8, align: 8, order: "little" };

/** Whole numbers in a decoded value: itself, or those of its fields, named by path. */
function* numbersIn(name: string, value: unknown): Generator<CounterValue> {
  if (typeof value === "bigint" || typeof value === "number") yield { name, value: BigInt(value) };
  else if (typeof value === "object" && value !== null) {
    for (const [field, part] of Object.entries(value)) yield* numbersIn(`${name}.${field}`, part);
  }
}

const slotKey = (index: number): Uint8Array => {
  const key = Buffer.alloc(4);
  key.writeUInt32LE(index);
  return key;
};

/** Adds up what the CPUs have counted. */
function readSource({ name, map, index, layout }: Source): CounterValue[] {
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

const COUNTED: ReadonlySet<string> = new Set(["counter", "meter"]);
const SLOTTED: ReadonlySet<string> = new Set(["array", "perCpuArray"]);
/** A plain module says nothing about its maps' meaning; small arrays are shown slot by slot, larger ones are tables. */
const MOST_SLOTS = 64;

function serviceSources(service: NonNullable<Manifest["service"]>, { maps }: LoadedObject): readonly Source[] {
  const state = service.state.flatMap(({ path, kind, map: mapName, index, value }): Source[] => {
    const map = maps.get(mapName);
    return COUNTED.has(kind) && map !== undefined ? [{ name: path, map, index, layout: value ?? U64 }] : [];
  });
  const dropsMap = service.dropsMap === null ? undefined : maps.get(service.dropsMap);
  if (dropsMap === undefined) return state;
  const drops = service.drops.map((reason, index) => ({ name: `drop ${reason}`, map: dropsMap, index, layout: U64 }));
  return [...state, ...drops];
}

function moduleSources(manifest: Manifest, { maps }: LoadedObject): readonly Source[] {
  return manifest.maps.flatMap(({ name, kind, value, maxEntries }) => {
    const map = maps.get(name);
    if (map === undefined || value === null || !SLOTTED.has(kind) || maxEntries > MOST_SLOTS) return [];
    const slots = Array.from({ length: maxEntries }, (_, index) => index);
    return slots.map((index) => ({ name: maxEntries === 1 ? name : `${name}[${index}]`, map, index, layout: value }));
  });
}

/** A function that reads all of them now. */
export function counterReader(manifest: Manifest, object: LoadedObject): () => readonly CounterValue[] {
  const { service } = manifest;
  if (service !== null) {
    const sources = serviceSources(service, object);
    return () => sources.flatMap(readSource);
  }
  const sources = moduleSources(manifest, object);
  // Slots that were never touched would drown the others.
  return () => sources.flatMap(readSource).filter(({ value }) => value !== 0n);
}
