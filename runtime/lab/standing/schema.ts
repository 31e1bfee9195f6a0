/** A lab's config, checked with the path of what is wrong. */
import { z } from "zod";
import { LONGEST_CHAIN } from "../../cluster/time.ts";
import { checkedProgramTimes } from "../../cluster/time-schema.ts";
import type { Config } from "../../config/live.ts";
import { labError } from "../command.ts";
import { badLabConfig } from "../problems.ts";

const MOST_HOSTS = 32;
const MOST_NETWORKS = 2 ** 24 - 1;
const MOST_CHAINS = 16;
const MOST_FLOWS = 64 * 1024 * 1024;
const hosts = z.int().min(0).max(MOST_HOSTS);

const service = z.strictObject({
  source: z.string().min(1),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "a name has letters, digits, '.', '_' and '-', at most 63")
    .optional(),
  vni: z.int().min(0).max(MOST_NETWORKS).optional(),
  // What is in it, the service's own fields say.
  config: z
    .union([z.string().min(1), z.custom<Config>((given) => typeof given === "object" && given !== null)])
    .optional(),
});

const host = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,14}$/, "use 1 to 15 lower-case letters, digits and hyphens, a letter first"),
  address: z.ipv4(),
  ipv6: z.ipv6().optional(),
  web: z.boolean().optional(),
});
const vni = z.int().min(1).max(MOST_NETWORKS);
const tenant = z.strictObject({
  vni,
  router: z.ipv4(),
  ipv6Router: z.ipv6().optional(),
  hosts: z.array(host).min(1).max(MOST_HOSTS),
});

const schema = z.strictObject({
  $schema: z.string().optional(),
  forwarders: z.int().min(1).max(MOST_HOSTS),
  chains: z.array(z.int().min(1).max(LONGEST_CHAIN)).min(1).max(MOST_CHAINS),
  clients: hosts.default(1),
  servers: hosts.default(2),
  web: z.boolean().default(true),
  spread: z.enum(["packets", "flows"]).default("packets"),
  flows: z.int().min(1).max(MOST_FLOWS).default(10_000),
  tenants: z.array(tenant).max(MOST_HOSTS).default([]),
  services: z.array(service).default([]),
  // Checked where they are derived from.
  times: z.record(z.string(), z.unknown()).default({}),
});

/** With what was left out. */
export type CheckedLab = Omit<z.output<typeof schema>, "$schema">;

/** @throws ZetaError: ZT7009, and ZT8501 for its times. */
export function checkedLab(file: string, given: unknown): CheckedLab {
  const result = schema.safeParse(given);
  if (result.success) {
    checkedProgramTimes(result.data.times);
    return result.data;
  }
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []).map(String).join(".");
  throw labError(badLabConfig(null, file, `${path === "" ? "" : `${path}: `}${issue?.message ?? "not valid"}`));
}
