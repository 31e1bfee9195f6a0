/** What a node is asked, by HTTP and JSON over its socket. */
import { z } from "zod";
import { manifestSchema } from "../../compiler/bundle/manifest.ts";
import { canaryFileSchema } from "../node/canary-file.ts";
import { flowFilterSchema } from "./flow-filter.ts";
import { SERVICE_NAME, SERVICE_NAME_RULE } from "./service-name.ts";

const base64 = z.base64();
/** What is in it, the service's own fields say (runtime/config/validate.ts), each at its path. */
const config = z.custom<Record<string, Record<string, unknown>>>(
  (given) => typeof given === "object" && given !== null && !Array.isArray(given),
  "an object was expected",
);
const MOST_NETWORKS = 2 ** 24 - 1;

/** A service as it travels: a bundle's objects by instruction set, or the one object that was just compiled. */
export const serviceSchema = z.strictObject({
  manifest: manifestSchema,
  objects: z.partialRecord(z.enum(["v2", "v3", "v4"]), base64).optional(),
  object: base64.optional(),
});
export type ServiceMessage = z.input<typeof serviceSchema>;

export const addSchema = z.strictObject({
  service: serviceSchema,
  name: z.string().regex(SERVICE_NAME, SERVICE_NAME_RULE).optional(),
  vni: z.int().min(0).max(MOST_NETWORKS).optional(),
  config: config.optional(),
});
export type AddMessage = z.input<typeof addSchema>;

export const upgradeSchema = z.strictObject({
  service: serviceSchema,
  config: config.optional(),
  freshState: z.boolean().optional(),
  canaries: z.strictObject({ file: z.string(), content: canaryFileSchema }).optional(),
});
export type UpgradeMessage = z.input<typeof upgradeSchema>;

export const setConfigSchema = z.union([
  z.strictObject({ config }),
  z.strictObject({ path: z.string(), value: z.unknown() }),
]);
export type SetConfigMessage = z.input<typeof setConfigSchema>;

/** What is in it, the node checks by itself (runtime/node/underlay-schema.ts), and says where it is wrong. */
export const networksSchema = z.record(z.string(), z.unknown());

/** A query's parts are text. `offset` and `limit` page through what fits. */
export const flowQuerySchema = flowFilterSchema.extend({
  offset: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  limit: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
});
export type FlowQuery = z.infer<typeof flowQuerySchema>;

/** Which packets are traced, as text. */
export const traceQuerySchema = z.strictObject({
  service: z.string().optional(),
  vni: z
    .string()
    .regex(/^\d{1,8}$/, "a network is a whole number")
    .optional(),
  address: z.string().optional(),
  port: z
    .string()
    .regex(/^\d{1,5}$/, "a port is a whole number")
    .optional(),
  protocol: z.string().optional(),
});

/** What a client that is no newer than the node may send at most. */
export const MOST_BYTES = 256 * 1024 * 1024;
