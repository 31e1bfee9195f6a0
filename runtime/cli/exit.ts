/** Exit codes: one table, printed in docs/cli.md and in `zeta --help`. */
import type { Problem } from "../../compiler/diagnostics/problem.ts";

export const EXIT = {
  ok: 0,
  /** The source, bundle or config has problems. */
  source: 1,
  /** The command line asks for something that does not exist or does not fit. */
  usage: 2,
  /** The machine lacks something: toolchain, library, privilege, space. */
  environment: 3,
  /** The kernel refused: its verifier, a busy interface, a driver without native XDP. */
  kernel: 4,
  /** A bug in Zeta. */
  internal: 70,
  /** Ended by Ctrl-C, after cleaning up. */
  interrupted: 130,
  /** Ended by SIGTERM, after cleaning up. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a command that was run for somebody ended with: its own code, whatever it means. */
export const exitOfCommand = (status: number): ExitCode => status as ExitCode;

export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, "ok"],
  [EXIT.source, "problems in the source, bundle or config"],
  [EXIT.usage, "wrong usage of the command"],
  [EXIT.environment, "the machine lacks something (toolchain, library, privilege)"],
  [EXIT.kernel, "the kernel refused"],
  [EXIT.internal, "a bug in Zeta"],
  [EXIT.interrupted, "ended by Ctrl-C, cleaned up"],
  [EXIT.terminated, "ended by SIGTERM, cleaned up"],
];

/** Codes whose meaning differs from their family's. */
const EXCEPTIONS: Readonly<Record<string, ExitCode>> = {
  ZT1003: EXIT.usage,
  ZT3102: EXIT.usage,
  ZT3103: EXIT.usage,
  ZT4001: EXIT.environment,
  ZT4002: EXIT.environment,
  ZT4004: EXIT.usage,
  ZT4006: EXIT.environment,
  ZT4008: EXIT.source,
  ZT4010: EXIT.source,
  ZT4011: EXIT.source,
  ZT4012: EXIT.source,
  ZT4014: EXIT.environment,
  ZT4015: EXIT.usage,
  ZT4016: EXIT.source,
  ZT4018: EXIT.usage,
  ZT4019: EXIT.source,
  ZT4022: EXIT.environment,
  ZT5002: EXIT.environment,
  ZT5026: EXIT.environment,
  ZT5027: EXIT.environment,
  ZT5029: EXIT.source,
  ZT5032: EXIT.environment,
  ZT5033: EXIT.environment,
  ZT7009: EXIT.source,
  ZT7010: EXIT.usage,
  ZT7011: EXIT.usage,
  ZT7014: EXIT.usage,
  ZT7020: EXIT.usage,
  ZT8102: EXIT.source,
  ZT8103: EXIT.source,
  ZT8104: EXIT.source,
  ZT8106: EXIT.source,
  ZT8110: EXIT.environment,
  ZT8111: EXIT.environment,
  ZT8113: EXIT.environment,
  ZT8114: EXIT.environment,
  ZT8117: EXIT.environment,
  ZT8119: EXIT.source,
  ZT8201: EXIT.source,
  ZT8202: EXIT.source,
  ZT8203: EXIT.source,
  ZT8501: EXIT.source,
  ZT8502: EXIT.source,
};

/** ZT1 and ZT2 the language, ZT30 its limits in eBPF, ZT31 LLVM, ZT4 loader and kernel, ZT5 command and bundle, ZT6 config, ZT7 lab, ZT8 nodes and their services. */
const FAMILIES: Readonly<Record<string, ExitCode>> = {
  ZT1: EXIT.source,
  ZT2: EXIT.source,
  ZT30: EXIT.source,
  ZT31: EXIT.environment,
  ZT4: EXIT.kernel,
  ZT5: EXIT.usage,
  ZT6: EXIT.source,
  ZT7: EXIT.environment,
  ZT8: EXIT.usage,
};

export const exitCodeOf = (code: string): ExitCode =>
  EXCEPTIONS[code] ?? FAMILIES[code.slice(0, 4)] ?? FAMILIES[code.slice(0, 3)] ?? EXIT.internal;

/** What the first error asks for; warnings alone are no failure. */
export function exitCodeFor(problems: readonly Problem[]): ExitCode {
  const error = problems.find((problem) => problem.severity === "error");
  return error === undefined ? EXIT.ok : exitCodeOf(error.code);
}
