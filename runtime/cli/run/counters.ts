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

function sourcesOf({ service }: Manifest, { maps }: LoadedObject): readonly Source[] {
  if (service === null) return [];
  const state = service.state.flatMap(({ path, kind, map: mapName, index, value }): Source[] => {
    const map = maps.get(mapName);
    return COUNTED.has(kind) && map !== undefined ? [{ name: path, map, index, layout: value ?? U64 }] : [];
  });
  const dropsMap = service.dropsMap === null ? undefined : maps.get(service.dropsMap);
  if (dropsMap === undefined) return state;
  return [
    ...state,
    ...service.drops.map((reason, index) => ({ name: `drop ${reason}`, map: dropsMap, index, layout: U64 })),
  ];
}

/** A function that reads all of them now. */
export function counterReader(manifest: Manifest, object: LoadedObject): () => readonly CounterValue[] {
  const sources = sourcesOf(manifest, object);
  return () => sources.flatMap(readSource);
}
