/** Asks this machine's kernel what it thinks of a compiled object, without attaching anything. */
import type { CompiledModule } from "../../../compiler/bundle/write.ts";
import { type Problem, ZetaError } from "../../../compiler/diagnostics/problem.ts";

/** What the verifier did with one program. */
export interface Verified {
  readonly name: string;
  /** Instructions it walked, every path counted. */
  readonly instructions: number;
  readonly states: number;
  readonly microseconds: number;
}

export type Verification =
  | { readonly ok: true; readonly programs: readonly Verified[] }
  /** Not asked, and why; only when it was left to us. */
  | { readonly ok: null; readonly reason: string }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Problems that say that the kernel could not be asked, not that it refused. */
const NOT_ASKED: ReadonlySet<string> = new Set(["ZT4001", "ZT4002"]);

/** Tables whose size is nothing to the verifier; the kernel would make room for all their entries, which takes longer than to verify. */
const HASHES: ReadonlySet<string> = new Set(["hash", "lruHash", "perCpuHash", "perCpuLruHash"]);

const small = ({ maps }: CompiledModule["manifest"]): Readonly<Record<string, number>> =>
  Object.fromEntries(maps.filter(({ kind }) => HASHES.has(kind)).map(({ name }) => [name, 1]));

/** `required`: a machine that cannot be asked is a failure. */
export async function verify({ code, manifest }: CompiledModule, required: boolean): Promise<Verification> {
  const { load } = await import("../../loader/load.ts");
  try {
    using loaded = await load({ object: code.object, manifest }, { log: "statistics", maxEntries: small(manifest) });
    const programs = [...loaded.programs.values()].map(({ name, log }) => ({
      name,
      instructions: log?.instructions ?? 0,
      states: log?.states ?? 0,
      microseconds: log?.microseconds ?? 0,
    }));
    return { ok: true, programs };
  } catch (error) {
    if (!(error instanceof ZetaError)) throw error;
    const reason = error.problems.find(({ code: found }) => NOT_ASKED.has(found));
    if (reason === undefined || required) return { ok: false, problems: error.problems };
    return { ok: null, reason: reason.message };
  }
}
