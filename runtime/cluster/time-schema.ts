/** A cluster's times as they are given: checked, with the path of what is wrong. */
import { z } from "zod";
import { failure } from "../loader/problems.ts";
import { badTimes } from "./problems.ts";
import { brokenBound, deriveTimes, LONGEST_CHAIN, MOST_DRIFT, type Times } from "./time.ts";

/** A day: more is a mistake of units. */
const LONGEST = 86_400_000;
const span = z.number().positive().max(LONGEST);

const schema = z.strictObject({
  chain: z.int().min(1).max(LONGEST_CHAIN).default(3),
  hop: span.default(20),
  viewLease: span.default(1000),
  cacheLease: span.default(10_000),
  resendAge: span.default(200),
  drift: z.number().min(0).max(MOST_DRIFT).default(0.001),
  idle: span.default(300_000),
  refresh: span.default(30_000),
  closing: span.default(10_000),
});

/** @throws ZetaError: ZT8501. */
export function checkedTimes(given: unknown): Times {
  const result = schema.safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw failure(
      badTimes(null, ["times", ...(issue?.path ?? [])].map(String).join("."), issue?.message ?? "not valid"),
    );
  }
  const broken = brokenBound(result.data);
  if (broken !== null) throw failure(badTimes(null, `times.${broken.path}`, broken.reason));
  return deriveTimes(result.data);
}
