/** What `zeta run` was given: a source file to compile, or a bundle folder to open. */
import { statSync } from "node:fs";
import type { Manifest } from "../../../compiler/bundle/manifest.ts";
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { Bundle } from "../../loader/bundle.ts";
import type { LoadOptions, ObjectWithManifest } from "../../loader/load.ts";
import { type CompilerOptions, compileOptions } from "../build/options.ts";
import { loadCompiler, localize, missingInputs } from "../compiler.ts";
import { noService } from "../problems.ts";
import type { Session } from "../session.ts";

export interface RunInput {
  readonly what: ObjectWithManifest | Bundle;
  readonly manifest: Manifest;
  readonly load: Pick<LoadOptions, "cpu">;
}

/** @throws ZetaError with the problems of the source, or of the bundle. */
export async function openInput(session: Session, input: string, options: CompilerOptions): Promise<RunInput> {
  const missing = missingInputs(session, [input]);
  if (missing.length > 0) throw new ZetaError(missing);
  const path = session.path(input);
  if (statSync(path).isDirectory()) {
    const { openBundle } = await import("../../loader/bundle.ts");
    const bundle = await openBundle(path);
    return { what: bundle, manifest: bundle.manifest, load: options.cpu === undefined ? {} : { cpu: options.cpu } };
  }
  const compiler = await loadCompiler();
  const result = await compiler.compile(path, compileOptions(options));
  if (!result.ok) throw new ZetaError(localize(session, input, result.problems));
  if (result.problems.length > 0) session.warn(localize(session, input, result.problems));
  return { what: { object: result.code.object, manifest: result.manifest }, manifest: result.manifest, load: {} };
}

/** The program to attach: the one named, or the only XDP program. @throws ZetaError ZT5029. */
export function rootProgram({ name, programs }: Manifest, wanted?: string): string {
  const attachable = programs.filter(({ section }) => section === "xdp").map((program) => program.name);
  const root = wanted ?? (attachable.length === 1 ? attachable[0] : undefined);
  if (root === undefined || !attachable.includes(root))
    throw new ZetaError([noService(null, name, wanted ?? null, attachable)]);
  return root;
}
