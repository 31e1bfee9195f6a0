/** A cluster's times as they are given: checked, with the path of what is wrong. */
import { z } from "zod";
import { failure } from "../loader/problems.ts";
import { badTimes } from "./problems.ts";
import { brokenBound, DEFAULT_TIMES, deriveTimes, LONGEST_CHAIN, MOST_DRIFT, type Times } from "./time.ts";

/** A day: more is a mistake of units. */
const LONGEST = 86_400_000;
const span = z.number().positive().max(LONGEST);

const schema = z.strictObject({
  chain: z.int().min(1).max(LONGEST_CHAIN).default(DEFAULT_TIMES.chain),
  hop: span.default(DEFAULT_TIMES.hop),
  viewLease: span.default(DEFAULT_TIMES.viewLease),
  cacheLease: span.default(DEFAULT_TIMES.cacheLease),
  resendAge: span.default(DEFAULT_TIMES.resendAge),
  drift: z.number().min(0).max(MOST_DRIFT).default(DEFAULT_TIMES.drift),
  idle: span.default(DEFAULT_TIMES.idle),
  refresh: span.default(DEFAULT_TIMES.refresh),
  closing: span.default(DEFAULT_TIMES.closing),
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
