/** `--emit`: one stage of the compilation instead of a bundle. */
import { existsSync, realpathSync, statSync, writeFileSync } from "node:fs";
import type { CompileResult, LowerResult } from "../../../compiler/api.ts";
import { cannotWrite } from "../../../compiler/bundle/problems.ts";
import { writeWhole } from "../../attach/whole-file.ts";
import { loadCompiler, localize } from "../compiler.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { usage } from "../problems.ts";
import type { Session } from "../session.ts";
import { buildOptions } from "./fold.ts";
import type { BuildOptions, Emitted } from "./options.ts";

type Stage = { readonly content: string | Uint8Array } | Exclude<CompileResult | LowerResult, { readonly ok: true }>;

async function stageOf(session: Session, file: string, options: BuildOptions, emitted: Emitted): Promise<Stage> {
  const compiler = await loadCompiler();
  const entry = session.path(file);
  const given = await buildOptions(compiler, session, file, options, emitted);
  if (!given.ok) return given;
  if (emitted === "ir") {
    const lowered = await compiler.lower(entry, given.compile);
    return lowered.ok ? { content: compiler.printModule(lowered.module) } : lowered;
  }
  const result = await compiler.compile(entry, given.compile);
  if (!result.ok) return result;
  const { object, llvm, assembly } = result.code;
  return { content: { object, llvm: llvm ?? "", asm: assembly ?? "" }[emitted] };
}

/** Writes the stage to --out, or to standard output. */
export async function emit(session: Session, file: string, options: BuildOptions, emitted: Emitted): Promise<ExitCode> {
  if (emitted === "object" && options.out === undefined && session.host.stdout.isTTY) {
    return session.report([usage(null, "An object is not text for a terminal: say --out FILE.", "zeta build")]);
  }
  const stage = await stageOf(session, file, options, emitted);
  if ("problems" in stage) return session.report(localize(session, file, stage.problems));
  if (options.out === undefined) {
    session.print(stage.content);
    return EXIT.ok;
  }
  try {
    const asked = session.path(options.out);
    // Links are followed; what is no file, such as a pipe, cannot be replaced.
    const path = existsSync(asked) ? realpathSync(asked) : asked;
    if (existsSync(path) && !statSync(path).isFile()) writeFileSync(path, stage.content);
    else writeWhole(path, stage.content, 0o666);
    return EXIT.ok;
  } catch (error) {
    return session.report([cannotWrite(null, options.out, error instanceof Error ? error.message : String(error))]);
  }
}
