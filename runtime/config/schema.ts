/** A service's config as a whole: `{ acl: { rules: …, perSecond: … }, service: { listen: [ … ] } }`. */
import { z } from "zod";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { fieldTypes, listenType } from "./fields.ts";

/** The path of the addresses that a service stands behind, where it does not take everything. */
export const LISTEN = "service.listen";

/** One type per field, by path ("acl.rules"): in, what JSON can say; out, encoded content (see fields.ts). */
export function fieldSchemas(manifest: Manifest): ReadonlyMap<string, z.ZodType> {
  const { service, maps } = manifest;
  const types = new Map<string, z.ZodType>(
    (service?.config ?? []).map((field) => [field.path, fieldTypes[field.kind](field)]),
  );
  const listen = maps.find((map) => map.name === service?.listen);
  if (listen?.key != null) types.set(LISTEN, listenType(listen.key, listen.maxEntries));
  return types;
}

/** "acl.rules" → "acl" and "rules". */
export const splitPath = (path: string): readonly [part: string, field: string] => {
  const dot = path.indexOf(".");
  return [path.slice(0, dot), path.slice(dot + 1)];
};

/** The zod type of the whole config: every field is there, and nothing else. */
export function configSchema(manifest: Manifest): z.ZodType<Record<string, Record<string, unknown>>> {
  const parts = new Map<string, Record<string, z.ZodType>>();
  for (const [path, type] of fieldSchemas(manifest)) {
    const [part, field] = splitPath(path);
    parts.set(part, { ...parts.get(part), [field]: type });
  }
  return z.strictObject(
    Object.fromEntries([...parts].map(([part, fields]) => [part, z.strictObject(fields)])),
  ) as unknown as z.ZodType<Record<string, Record<string, unknown>>>;
}

/** JSON Schema (2020-12) of a config file, for editors: `"$schema"` may name it. */
export const configJsonSchema = (manifest: Manifest): Record<string, unknown> =>
  z.toJSONSchema(configSchema(manifest), { io: "input", unrepresentable: "any" });
