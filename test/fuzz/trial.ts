/** Compiles units, loads them and runs them: everything between a text and a judgement on it. */
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { possibleCpus } from "../../runtime/loader/map-handle.ts";
import type { BatchCompiler, Refused, Variant } from "./compile.ts";
import { duel, type Mismatch } from "./duel.ts";
import { heldCpu, onOneCpu } from "./targets/cpu.ts";
import { interpreterSide } from "./targets/interpreter.ts";
import { kernelSide } from "./targets/kernel.ts";
import type { Side } from "./targets/side.ts";
import type { Unit } from "./unit.ts";

export type Failure =
  | { readonly kind: "rejected"; readonly unit: Unit; readonly reason: string }
  | { readonly kind: "load"; readonly unit: Unit; readonly reason: string; readonly log: string }
  | { readonly kind: "mismatch"; readonly unit: Unit; readonly mismatch: Mismatch; readonly reason: string };

export interface Case {
  readonly packets: readonly Uint8Array[];
  /** Of the maps' contents. */
  readonly seed: number;
}

const rejection = ({ unit, problems, line }: Refused): Failure => ({
  kind: "rejected",
  unit,
  reason: `${problems.map(({ code, message }) => `${code}: ${message}`).join("\n")}\n  ${line}`,
});

const loadFailure = (unit: Unit, error: ZetaError): Failure => ({
  kind: "load",
  unit,
  reason: error.problems.map(({ code, message }) => `${code}: ${message}`).join("\n"),
  log: error.problems.map(({ detail }) => detail ?? "").join("\n"),
});

/** Tries units together. Those that fail to compile or load are told apart, and the rest runs without them. */
export async function attempt(
  compiler: BatchCompiler,
  units: readonly Unit[],
  variant: Variant,
  caseOf: (unit: Unit) => Case,
): Promise<Failure[]> {
  const { batch, refused } = await compiler.compile(units, variant);
  const failures = refused.map(rejection);
  if (batch === null) return failures;
  let kernel: Side;
  try {
    kernel = await kernelSide(batch.module, batch.object);
  } catch (error) {
    if (!(error instanceof ZetaError)) throw error;
    const [only] = batch.units;
    if (batch.units.length === 1 && only !== undefined) return [...failures, loadFailure(only, error)];
    return [...failures, ...(await inHalves(compiler, batch.units, variant, caseOf, error))];
  }
  try {
    const cpu = heldCpu();
    const interpreter = interpreterSide(batch.module, possibleCpus(), cpu);
    onOneCpu(() => {
      for (const unit of batch.units) {
        const { packets, seed } = caseOf(unit);
        const mismatch = duel(unit, batch.module, [interpreter, kernel], packets, seed);
        if (mismatch !== null) {
          const reason = `${mismatch.what} after packet ${mismatch.packet}`;
          failures.push({ kind: "mismatch", unit, mismatch, reason });
        }
      }
    });
  } finally {
    kernel.close();
  }
  return failures;
}

async function inHalves(
  compiler: BatchCompiler,
  units: readonly Unit[],
  variant: Variant,
  caseOf: (unit: Unit) => Case,
  cause: ZetaError,
): Promise<Failure[]> {
  // The refused program's name ends in its unit's number.
  const named = units.filter((unit) => {
    const suffix = /_\d+$/.exec(unit.name)?.[0] ?? "";
    return cause.problems.some(({ message }) => new RegExp(`_?\\w*${suffix}'`).test(message));
  });
  const [guilty] = named;
  if (named.length === 1 && guilty !== undefined) {
    const rest = units.filter((unit) => unit !== guilty);
    return [
      ...(await attempt(compiler, [guilty], variant, caseOf)),
      ...(await attempt(compiler, rest, variant, caseOf)),
    ];
  }
  const middle = Math.ceil(units.length / 2);
  return [
    ...(await attempt(compiler, units.slice(0, middle), variant, caseOf)),
    ...(await attempt(compiler, units.slice(middle), variant, caseOf)),
  ];
}
