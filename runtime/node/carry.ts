/**
 * What an upgrade takes over: state of the same name and layout is shared with the version before, so that nothing that
 * packets write meanwhile is lost. Counters share one array by index: it is taken over while every name keeps its index, and
 * read into a base to count from otherwise.
 */
import { isDeepStrictEqual } from "node:util";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { stateDiffers } from "./problems.ts";
import type { ServiceManifest } from "./version.ts";

type Description = Pick<Manifest, "maps"> & { readonly service: ServiceManifest };
type State = ServiceManifest["state"][number];

/** Kinds that have a map of their own; the others share one by index. */
const OWN_MAP: ReadonlySet<State["kind"]> = new Set(["rateLimiter", "table", "binding", "events"]);

/** The map of all counters (bpf-lib/state/counter.ts). */
const COUNTERS = "zeta_counters";

export interface Carry {
  /** Names of maps: of the new version, and of the one before that holds the same. */
  readonly maps: ReadonlyMap<string, string>;
  /** State that differs in kind or layout. */
  readonly differing: readonly Problem[];
}

const mapOf = ({ maps }: Description, name: string): MapData | undefined => maps.find((map) => map.name === name);

/** "u32", "{ address, port: u16 }": enough to see what has changed. */
function layoutText(layout: LayoutData | null): string {
  if (layout === null) return "nothing";
  if (layout.kind === "scalar") return layout.type;
  if (layout.kind === "array") return `${layoutText(layout.of)}[${layout.length}]`;
  if (layout.kind === "spinLock") return "spin lock";
  const fields = layout.fields as readonly { readonly name: string; readonly layout?: LayoutData; width?: number }[];
  const texts = fields.map(({ name, layout: of, width }) => `${name}: ${of ? layoutText(of) : `${width} bits`}`);
  return `{ ${texts.join(", ")} }`;
}

const stateText = ({ kind }: State, map: MapData): string =>
  kind === "events"
    ? `events in ${map.maxEntries} bytes`
    : `${kind} of ${map.maxEntries} entries, ${layoutText(map.key)} to ${layoutText(map.value)}`;

/** A map without its name, which says nothing about what it holds. */
const shapeOf = ({ name: _, ...shape }: MapData): Omit<MapData, "name"> => shape;

function ownMaps(before: Description, after: Description): Carry {
  const maps = new Map<string, string>();
  const differing: Problem[] = [];
  for (const next of after.service.state) {
    const known = before.service.state.find(({ path }) => path === next.path);
    if (known === undefined || (!OWN_MAP.has(next.kind) && !OWN_MAP.has(known.kind))) continue;
    const [from, to] = [mapOf(before, known.map), mapOf(after, next.map)];
    if (from === undefined || to === undefined) continue;
    const same = known.kind === next.kind && isDeepStrictEqual(shapeOf(from), shapeOf(to));
    const sameEvent = next.kind !== "events" || isDeepStrictEqual(known.value, next.value);
    if (same && sameEvent) maps.set(next.map, known.map);
    else differing.push(stateDiffers(null, next.path, stateText(known, from), stateText(next, to)));
  }
  return { maps, differing };
}

/** Names by index, of each map that counts. */
function slots({ service }: Description): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const found = new Map<string, Map<number, string>>();
  const note = (map: string, index: number, name: string): void => {
    found.set(map, (found.get(map) ?? new Map()).set(index, name));
  };
  for (const { map, index, path, kind } of service.state) {
    if (!OWN_MAP.has(kind)) note(map, index, path);
    // Of a stream, how many events found no room.
    if (kind === "events") note(COUNTERS, index, path);
  }
  for (const [index, reason] of service.drops.entries())
    if (service.dropsMap !== null) note(service.dropsMap, index, reason);
  return found;
}

/** Whether no index means something else than before. */
function keepsMeaning(before: ReadonlyMap<number, string>, after: ReadonlyMap<number, string>): boolean {
  return [...after].every(([index, name]) => (before.get(index) ?? name) === name && !moved(before, index, name));
}
const moved = (before: ReadonlyMap<number, string>, index: number, name: string): boolean =>
  [...before].some(([other, known]) => known === name && other !== index);

export function carryOf(before: Description, after: Description): Carry {
  const { maps, differing } = ownMaps(before, after);
  const [old, next] = [slots(before), slots(after)];
  const counted = [...next].flatMap(([map, names]): [string, string][] => {
    const [from, to] = [mapOf(before, map), mapOf(after, map)];
    const known = old.get(map);
    if (from === undefined || to === undefined || known === undefined) return [];
    return isDeepStrictEqual(from, to) && keepsMeaning(known, names) ? [[map, map]] : [];
  });
  return { maps: new Map([...maps, ...counted]), differing };
}
