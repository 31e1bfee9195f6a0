/** Error numbers of Linux, and their translation into problems. */
import { constants } from "node:os";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import { type Capability, missingCapabilities } from "./capabilities.ts";
import { capabilityMissing, failure, featureMissing, kernelRefused, outOfMemory, withDetail } from "./problems.ts";

/** Kernel-internal "operation not supported" that bpf(2) lets through for map kinds without a batch. */
export const ENOTSUPP = 524;
export const {
  E2BIG,
  EACCES,
  EAGAIN,
  EBUSY,
  EEXIST,
  EINTR,
  EINVAL,
  ENODEV,
  ENOENT,
  ENOMEM,
  ENOSPC,
  EOPNOTSUPP,
  EPERM,
  ERANGE,
} = constants.errno;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno)
    .map(([name, value]): [number, string] => [value, name])
    .reverse(),
);

/** "EBUSY" for 16, whatever its sign. libbpf's own codes start at 4000. */
export function errnoName(errno: number): string {
  const positive = Math.abs(errno);
  if (positive === ENOTSUPP) return "ENOTSUPP";
  return NAMES.get(positive) ?? (positive >= 4000 ? `libbpf error ${positive}` : `errno ${positive}`);
}

/** What a refused operation needs, and what libbpf said of it. */
export interface RefusalContext {
  /** Those of loading and attaching unless told. */
  readonly needed?: readonly Capability[];
  readonly detail?: string;
}

/**
 * Why the kernel said no, as a problem. `operation` completes "This process may not …": "create map 'flows'".
 * Callers translate the numbers that mean something particular to them before they come here.
 */
export function kernelProblem(operation: string, result: number, { needed, detail }: RefusalContext = {}): Problem {
  const errno = Math.abs(result);
  const told = (of: Problem): Problem => withDetail(of, detail ?? null);
  if (errno === EPERM || errno === EACCES) return told(capabilityMissing(null, operation, missingCapabilities(needed)));
  if (errno === ENOMEM) return told(outOfMemory(null, operation));
  if (errno === ENOTSUPP || errno === EOPNOTSUPP || errno === constants.errno.ENOSYS) {
    return told(featureMissing(null, `what it takes to ${operation}`, errnoName(errno)));
  }
  return told(kernelRefused(null, operation, errnoName(errno)));
}

/** Returns a non-negative result; throws the problem otherwise. */
export function must(result: number, operation: string, context?: RefusalContext): number {
  if (result < 0) throw failure(kernelProblem(operation, result, context));
  return result;
}
