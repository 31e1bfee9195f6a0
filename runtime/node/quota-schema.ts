/** Tenants' quotas as they are given: checked, with paths that name what is wrong. */
import { z } from "zod";
import { failure } from "../loader/problems.ts";
import { badQuotas, quotasFull } from "./problems.ts";
import type { Quota } from "./quotas.ts";

const MOST_VNI = 0xff_ffff;
/** With more, what 16 seconds bring would not fit 64 bits (bpf-lib/state/bucket.ts). */
const MOST_TOKENS = 1_000_000_000;

const quota = z
  .strictObject({
    flows: z.int().min(0).optional(),
    newFlows: z
      .strictObject({ perSecond: z.int().min(1).max(MOST_TOKENS), burst: z.int().min(1).max(MOST_TOKENS) })
      .optional(),
  })
  .refine((each) => each.flows !== undefined || each.newFlows !== undefined, {
    error: "'flows' or 'newFlows' was expected, or both",
  });

const VNI = /^(0|[1-9]\d{0,7})$/;
const vni = z.string().refine((text) => VNI.test(text) && Number(text) <= MOST_VNI, {
  error: `the number of a network was expected, 0 to ${MOST_VNI}`,
});

const quotasSchema = z.record(vni, quota);

/** Tenants that the data plane has room for (bpf-lib/node/quota.ts). */
const MOST_QUOTAS = 4096;

/** @throws ZetaError: ZT8202, ZT8203. */
export function checkedQuotas(given: unknown): ReadonlyMap<number, Quota> {
  const result = quotasSchema.safeParse(given);
  if (result.success && Object.keys(result.data).length > MOST_QUOTAS) throw failure(quotasFull(null, MOST_QUOTAS));
  if (result.success) return new Map(Object.entries(result.data).map(([key, each]) => [Number(key), each as Quota]));
  const [issue] = result.error.issues;
  // Of a key, zod says why in an issue of its own.
  const message = issue?.code === "invalid_key" ? issue.issues[0]?.message : issue?.message;
  const path = ["quotas", ...(issue?.path ?? [])].map(String).join(".");
  throw failure(badQuotas(null, path, message ?? "not valid"));
}
