/** Finds out why an object did not load, by loading it once more while listening. */

import type { Problem } from "../../compiler/diagnostics/problem.ts";
import { acceptsCpu } from "./cpu-level.ts";
import { EACCES, EINVAL, ENOSPC, EPERM, errnoName, kernelProblem } from "./errno.ts";
import { library } from "./library.ts";
import type { OpenObject } from "./object.ts";
import { failure, featureMissing, withDetail } from "./problems.ts";
import { reasonOf, refusal } from "./refusal.ts";
import { fixedText } from "./structs.ts";

/** An object ready to be loaded: its pins still to be made, and the buffers of its programs' logs. */
export interface Attempt {
  readonly object: OpenObject;
  readonly pins: Readonly<Record<string, string>>;
  readonly logs: ReadonlyMap<string, Uint8Array>;
}

export interface LogSettings {
  /** Gives every program a log buffer. They are referenced by the attempt, and so outlive the load. */
  apply(object: OpenObject): ReadonlyMap<string, Uint8Array>;
}

/** Bits of the verifier's log level. PATHS alone forgets a path once it is accepted. */
const ALL_PATHS = 2;
const NUMBERS = 4;
const FIRST_LOG_BYTES = 1 << 20;
const LARGEST_LOG_BYTES = 1 << 27;

/** libbpf asks for a log only after a refusal when the level is 0. */
const logSettings = (level: number, size: number): LogSettings => ({
  apply(object) {
    const { bpf } = library();
    return new Map(
      object.programs.map((program) => {
        const buffer = Buffer.alloc(size);
        bpf.bpf_program__set_log_buf(program.pointer, buffer, size);
        bpf.bpf_program__set_log_level(program.pointer, level);
        return [program.name, buffer];
      }),
    );
  },
});

export const REFUSAL_ONLY: LogSettings = { apply: () => new Map() };
export const STATISTICS: LogSettings = logSettings(NUMBERS, 1 << 16);
export const FULL_LOG: LogSettings = logSettings(ALL_PATHS | NUMBERS, 1 << 24);

/** What the verifier's words mean when they say "this kernel is too old" rather than "this program is wrong". */
function missingFeature(reason: string): string | null {
  if (/^(unknown func|program of this type cannot use helper) /.test(reason)) return "a helper function of this object";
  const strange = /^(unknown opcode|invalid BPF_\w+ opcode|BPF_\w+ uses reserved fields)/i.test(reason);
  return strange && !acceptsCpu("v4") ? "the instruction set v4, which this object uses" : null;
}

function programProblem(attempt: Attempt, name: string, log: string, result: number): Problem {
  const section = attempt.object.programs.find((program) => program.name === name)?.section ?? "";
  const problem = refusal(name, section, log, attempt.object.lines(), errnoName(result));
  const reason = reasonOf(log) ?? "";
  const feature = missingFeature(reason);
  return feature === null ? problem : withDetail(featureMissing(problem.at, feature, reason), log);
}

function loadProblem(attempt: Attempt, result: number, messages: string): Problem {
  const map = /map '([^']+)': failed to create/.exec(messages)?.[1];
  if (map !== undefined) {
    const problem = kernelProblem(`create map '${map}'`, result, { detail: messages });
    const unknown = -result === EINVAL && /failed to create: Invalid argument/.test(messages);
    return unknown
      ? { ...problem, fix: `Check the map's sizes and flags; 'zeta doctor' lists the kinds of maps this kernel has.` }
      : problem;
  }
  return kernelProblem(`load '${attempt.object.name}'`, result, { detail: messages });
}

/**
 * Loads again with logs, in buffers that grow until the whole log fits.
 * @returns the attempt, loaded, when it works this time: the first failure was passing.
 * @throws ZetaError with the reason otherwise; nothing stays open.
 */
export function diagnose(prepare: (log: LogSettings) => Attempt, loadNow: (object: OpenObject) => number): Attempt {
  for (let size = FIRST_LOG_BYTES; ; size *= 8) {
    const attempt = prepare(logSettings(0, size));
    const { result, messages } = library().listen(() => loadNow(attempt.object));
    if (result >= 0) return attempt;
    try {
      const written = [...attempt.logs].find(([, buffer]) => buffer[0] !== 0);
      const log = written === undefined ? "" : fixedText(written[1], 0, size);
      const cut = -result === ENOSPC || log.length >= size - 1;
      if (cut && size < LARGEST_LOG_BYTES) continue;
      const forbidden = (-result === EPERM || -result === EACCES) && log === "";
      throw failure(
        written === undefined || forbidden
          ? loadProblem(attempt, result, messages)
          : programProblem(attempt, written[0], log, result),
      );
    } finally {
      attempt.object.close();
    }
  }
}
