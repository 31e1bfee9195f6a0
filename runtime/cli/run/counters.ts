/** The numbers that a running service shows: its counters and meters, and its drops by name. */
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import type { LoadedObject } from "../../loader/load.ts";
import { type Count, type CountValue, counts, dropCounts, readCount } from "../../service/counts.ts";

/** "acl.seen", "acl.bandwidth.bytes", or "drop acl: not allowed". */
export type CounterValue = CountValue;

const SLOTTED: ReadonlySet<string> = new Set(["array", "perCpuArray"]);
/** A plain module says nothing about its maps' meaning; small arrays are shown slot by slot, larger ones are tables. */
const MOST_SLOTS = 64;

const serviceCounts = (service: NonNullable<Manifest["service"]>, { maps }: LoadedObject): readonly Count[] => [
  ...counts(service, maps),
  ...dropCounts(service, maps).map((drop) => ({ ...drop, name: `drop ${drop.name}` })),
];

function moduleCounts(manifest: Manifest, { maps }: LoadedObject): readonly Count[] {
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
    const sources = serviceCounts(service, object);
    return () => sources.flatMap(readCount);
  }
  const sources = moduleCounts(manifest, object);
  // Slots that were never touched would drown the others.
  return () => sources.flatMap(readCount).filter(({ value }) => value !== 0n);
}
