/** From what a test names to what a target runs. */
import { fileURLToPath } from "node:url";
import { type Problem, ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { Compiler } from "../../../compiler/index.ts";
import type { Module } from "../../../compiler/ir/ir.ts";
import { noSuchProgram } from "../problems.ts";
import type { Compiled, Source } from "./target.ts";

/** One compiler for all tests of a process: it keeps what it has parsed. Loaded only when a source file is named. */
let compiler: Promise<Compiler> | null = null;
const compilerOf = (): Promise<Compiler> => {
  compiler ??= import("../../../compiler/index.ts").then(({ createCompiler }) => createCompiler());
  return compiler;
};

const lowered = new Map<string, Promise<Compiled>>();
const objects = new WeakMap<Module, Promise<Uint8Array>>();

const refuse = (problems: readonly Problem[]): never => {
  throw new ZetaError(problems.filter((problem) => problem.severity === "error"));
};

async function lowerFile(file: string): Promise<Compiled> {
  const result = await (await compilerOf()).lower(file, { testBuild: true });
  return result.ok ? { module: result.module, manifest: result.manifest, object: null } : refuse(result.problems);
}

/** The checked IR, built for tests: all that the interpreter needs, without LLVM. Each file is compiled once, whichever targets load it. */
export function moduleOf(source: Source): Promise<Compiled> {
  if (typeof source === "object" && "module" in source) return Promise.resolve(source);
  const file = source instanceof URL ? fileURLToPath(source) : source;
  const known = lowered.get(file) ?? lowerFile(file);
  lowered.set(file, known);
  return known;
}

async function emit(module: Module): Promise<Uint8Array> {
  const { emitObject } = await import("../../../compiler/backend/index.ts");
  const result = await emitObject(module);
  return result.ok ? result.code.object : refuse(result.problems);
}

/** The same with an object: the one that came with it, or one made from its IR. */
export async function objectOf(source: Source): Promise<Compiled & { readonly object: Uint8Array }> {
  const program = await moduleOf(source);
  if (program.object !== null) return { ...program, object: program.object };
  const known = objects.get(program.module) ?? emit(program.module);
  objects.set(program.module, known);
  return { ...program, object: await known };
}

/** The program that packets enter by: the one named, the service's root, or the only one. */
export function rootOf({ module, manifest }: Compiled, wanted: string | undefined): string {
  const names = module.programs.map((program) => program.name);
  const root = wanted ?? manifest?.service?.root ?? (names.length === 1 ? names[0] : undefined);
  if (root === undefined || !names.includes(root)) throw new ZetaError([noSuchProgram(null, root ?? null, names)]);
  return root;
}
