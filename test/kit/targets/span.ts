/** Lengths of time as text. */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { notASpan } from "../problems.ts";

const UNIT: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** "250ms" → 250000000n. @throws ZetaError ZT9010. */
export function nanoseconds(span: string | bigint): bigint {
  if (typeof span === "bigint") return span;
  const [, count, unit] = /^(\d+)\s*(ns|us|ms|s|m|h)$/.exec(span) ?? [];
  if (count === undefined || unit === undefined) throw new ZetaError([notASpan(null, span)]);
  return BigInt(count) * (UNIT[unit] ?? 1n);
}
