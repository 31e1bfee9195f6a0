/** The numbers that a running service shows: its counters and meters, and its drops by name. */
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import type { LoadedObject } from "../../loader/load.ts";
import { type Count, type CountValue, counts, dropCounts, readAll, readCount } from "../../service/counts.ts";
import type { Started } from "./start.ts";

/** "acl.seen", "acl.bandwidth.bytes", or "drop acl: not allowed". */
export type CounterValue = CountValue;

const SLOTTED: ReadonlySet<string> = new Set(["array", "perCpuArray"]);
/** A plain module says nothing about its maps' meaning; small arrays are shown slot by slot, larger ones are tables. */
const MOST_SLOTS = 64;

const named = (values: Readonly<Record<string, bigint>>, prefix = ""): readonly CounterValue[] =>
  Object.entries(values).map(([name, value]) => ({ name: `${prefix}${name}`, value }));

function moduleCounts(manifest: Manifest, { maps }: LoadedObject): readonly Count[] {
  return manifest.maps.flatMap(({ name, kind, value, maxEntries }) => {
    const map = maps.get(name);
    if (map === undefined || value === null || !SLOTTED.has(kind) || maxEntries > MOST_SLOTS) return [];
    const slots = Array.from({ length: maxEntries }, (_, index) => index);
    return slots.map((index) => ({ name: maxEntries === 1 ? name : `${name}[${index}]`, map, index, layout: value }));
  });
}

/** A function that reads all of them now. */
export function counterReader(manifest: Manifest, { object, service }: Started): () => readonly CounterValue[] {
  if (service !== null) return () => [...named(service.counters()), ...named(service.drops(), "drop ")];
  if (manifest.service !== null) {
    // One of a service's programs by itself.
    const [own, dropped] = [counts(manifest.service, object.maps), dropCounts(manifest.service, object.maps)];
    return () => [...named(readAll(own)), ...named(readAll(dropped), "drop ")];
  }
  const sources = moduleCounts(manifest, object);
  // Slots that were never touched would drown the others.
  return () => sources.flatMap(readCount).filter(({ value }) => value !== 0n);
}
