/** `--fold`: config that becomes part of the programs. What a file gives is checked as config is, by the service's own manifest. */
import type { CompileOptions, LowerResult } from "../../../compiler/api.ts";
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { Session } from "../session.ts";
import { type BuildOptions, compileOptions, type Emitted } from "./options.ts";

type Refused = Exclude<LowerResult, { readonly ok: true }>;
interface Lowers {
  lower(entry: string, options: CompileOptions): Promise<LowerResult>;
}

/** What the compiler is told; or why the service, or what it is to fold, is refused. */
export async function buildOptions(
  compiler: Lowers,
  session: Session,
  file: string,
  options: BuildOptions,
  emitted?: Emitted,
): Promise<{ readonly ok: true; readonly compile: CompileOptions } | Refused> {
  const compile = compileOptions(options, emitted);
  if (options.fold === undefined) return { ok: true, compile };
  const lowered = await compiler.lower(session.path(file), compile);
  if (!lowered.ok) return lowered;
  const [{ foldedConfig }, { readConfig }] = await Promise.all([
    import("../../config/folded.ts"),
    import("../run/config-file.ts"),
  ]);
  try {
    const fold = foldedConfig(lowered.manifest, readConfig(session, options.fold));
    return { ok: true, compile: { ...compile, fold } };
  } catch (error) {
    if (error instanceof ZetaError) return { ok: false, problems: error.problems, inputs: lowered.inputs };
    throw error;
  }
}
