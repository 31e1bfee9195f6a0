/** A cluster's times as they are given: checked, with the path of what is wrong. */
import { z } from "zod";
import { failure } from "../loader/problems.ts";
import { badTimes } from "./problems.ts";
import { leaseSeconds, resendSeconds } from "./program-times.ts";
import { brokenBound, DEFAULT_TIMES, deriveTimes, LONGEST_CHAIN, MOST_DRIFT, type Times } from "./time.ts";

/** A day: more is a mistake of units. */
const LONGEST = 86_400_000;
const span = z.number().positive().max(LONGEST);

/** Agents ask for views eight times in it, and share their processors with others. */
const SHORTEST_VIEW_LEASE = 1000;

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

/**
 * The same of a cluster whose nodes are programs, which measure in whole seconds: shorter ones than they can are refused too.
 * @throws ZetaError: ZT8501.
 */
export function checkedProgramTimes(given: unknown): Times {
  const times = checkedTimes(given);
  const refuse = (path: keyof Times, least: string): never => {
    throw failure(
      badTimes(null, `times.${path}`, `programs measure it in whole seconds, and it has none: at least ${least}`),
    );
  };
  if (leaseSeconds(times) < 1) refuse("cacheLease", "1357 ms");
  if (resendSeconds(times) < 1) refuse("resendAge", "1107 ms");
  if (times.viewLease < SHORTEST_VIEW_LEASE) refuse("viewLease", `${SHORTEST_VIEW_LEASE} ms`);
  return times;
}
