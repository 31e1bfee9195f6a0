/** The types of a service's config, with zod loaded when they are first asked for. */
import type { z } from "zod";
import type { Manifest } from "../../compiler/bundle/manifest.ts";

/** The zod type of a service's whole config: input is what `config.set` takes. */
export const configSchema = async (manifest: Manifest): Promise<z.ZodType> =>
  (await import("./schema.ts")).configSchema(manifest);

/** The same as JSON Schema, for editors. */
export const configJsonSchema = async (manifest: Manifest): Promise<Record<string, unknown>> =>
  (await import("./schema.ts")).configJsonSchema(manifest) as Record<string, unknown>;
