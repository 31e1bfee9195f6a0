/** From what a test names to what a target runs. */
import { fileURLToPath } from "node:url";
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { noSuchProgram } from "../problems.ts";
import type { Compiled, Source } from "./target.ts";

/** Programs of one test run are compiled once, whichever targets load them. */
const compiled = new Map<string, Promise<Compiled>>();

async function compileFile(file: string): Promise<Compiled> {
  // Only here is the compiler needed: TypeScript and LLVM stay out of tests that bring a compiled program.
  const { compile } = await import("../../../compiler/index.ts");
  const result = await compile(file);
  if (!result.ok) throw new ZetaError(result.problems);
  return { module: result.module, manifest: result.manifest, object: result.code.object };
}

export function compiledOf(source: Source): Promise<Compiled> {
  if (typeof source === "object" && "module" in source) return Promise.resolve(source);
  const file = source instanceof URL ? fileURLToPath(source) : source;
  const known = compiled.get(file) ?? compileFile(file);
  compiled.set(file, known);
  return known;
}

/** The program that packets enter by: the one named, the service's root, or the only one. */
export function rootOf({ module, manifest }: Compiled, wanted: string | undefined): string {
  const names = module.programs.map((program) => program.name);
  const root = wanted ?? manifest?.service?.root ?? (names.length === 1 ? names[0] : undefined);
  if (root === undefined || !names.includes(root)) throw new ZetaError([noSuchProgram(null, root ?? null, names)]);
  return root;
}
