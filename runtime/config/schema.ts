/** A service's config as a whole: `{ acl: { rules: …, perSecond: … }, service: { listen: [ … ] } }`. */
import { z } from "zod";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { endpointsType, fieldTypes, listenType } from "./fields.ts";
import { foldedIn } from "./folded-fields.ts";
import { PLACE } from "./listener.ts";
import { objectOf } from "./values.ts";

/** What belongs to the service itself, and lies in one map without generations: its path, and where that map's name stands. */
export const DIRECT = { "service.listen": "listen", "service.endpoints": "endpoints" } as const;
export type DirectPath = keyof typeof DIRECT;

/** The maps behind such paths, for those that the service has. */
export function directMaps({ service, maps }: Pick<Manifest, "service" | "maps">): ReadonlyMap<DirectPath, MapData> {
  const found = new Map<DirectPath, MapData>();
  for (const [path, part] of Object.entries(DIRECT) as [DirectPath, "listen" | "endpoints"][]) {
    const map = maps.find(({ name }) => name === service?.[part]);
    if (map !== undefined) found.set(path, path === "service.endpoints" ? { ...map, value: PLACE } : map);
  }
  return found;
}

function directType(path: DirectPath, { key, value, maxEntries }: MapData): z.ZodType {
  if (key === null || value === null) return z.never();
  // Most endpoints are the node's to know: a service need tell none.
  return path === "service.listen" ? listenType(key, maxEntries) : endpointsType(key, value, maxEntries).prefault([]);
}

/** One type per field, by path ("acl.rules"): in, what JSON can say; out, encoded content (see fields.ts). */
export function fieldSchemas(manifest: Manifest): ReadonlyMap<string, z.ZodType> {
  return new Map<string, z.ZodType>([
    ...(manifest.service?.config ?? []).map((field) => [field.path, fieldTypes[field.kind](field)] as const),
    ...[...directMaps(manifest)].map(([path, map]) => [path, directType(path, map)] as const),
  ]);
}

/** "acl.rules" → "acl" and "rules". */
export const splitPath = (path: string): readonly [part: string, field: string] => {
  const dot = path.indexOf(".");
  return [path.slice(0, dot), path.slice(dot + 1)];
};

/** A part all of whose fields may be left out may be left out itself. */
function partType(fields: Record<string, z.ZodType>): z.ZodType {
  const type = objectOf(fields);
  return Object.values(fields).every((field) => field.safeParse(undefined).success) ? type.prefault({}) : type;
}

/** The zod type of the whole config: every field is there that is not folded, and nothing else. */
export function configSchema(manifest: Manifest): z.ZodType<Record<string, Record<string, unknown>>> {
  const parts = new Map<string, Record<string, z.ZodType>>();
  const folded = foldedIn(manifest);
  for (const [path, type] of fieldSchemas(manifest)) {
    const [part, field] = splitPath(path);
    // What the programs hold need not be given.
    parts.set(part, { ...parts.get(part), [field]: folded.has(path) ? type.optional() : type });
  }
  return objectOf(
    Object.fromEntries([...parts].map(([part, fields]) => [part, partType(fields)])),
  ) as unknown as z.ZodType<Record<string, Record<string, unknown>>>;
}

/** JSON Schema (2020-12) of a config file, for editors: `"$schema"` may name it. */
export const configJsonSchema = (manifest: Manifest): Record<string, unknown> =>
  z.toJSONSchema(configSchema(manifest), { io: "input", unrepresentable: "any" });
