/**
 * `zeta/compiler`: TypeScript middleboxes in, checked IR and eBPF objects out. Results are data; a user's mistakes are
 * Problems, and nothing here needs privileges. TypeScript and LLVM are loaded when first needed.
 */

import type { CheckResult, CompileOptions, CompileResult, LowerResult } from "./api.ts";
import type { CompiledModule, WriteResult } from "./bundle/write.ts";
import { missingPackage } from "./problems.ts";

export type { CheckResult, CompileOptions, CompileResult, Cpu, IrBuilderName, LowerResult, ObjectCode } from "./api.ts";
export type { Manifest } from "./bundle/manifest.ts";
export type { CompiledModule, WriteResult } from "./bundle/write.ts";
export { type ProblemJson, problemsAsJson } from "./diagnostics/json.ts";
export { type Explanation, explain, explainedCodes } from "./diagnostics/pages.ts";
export { type Problem, type Span, ZetaError } from "./diagnostics/problem.ts";
export { type RenderOptions, renderProblem, renderProblems } from "./diagnostics/render.ts";
export { problemsAsSarif, type SarifOptions } from "./diagnostics/sarif.ts";
export { problemsAsText } from "./diagnostics/text.ts";
export type { Module } from "./ir/ir.ts";
export { printModule } from "./ir/print.ts";

export interface CompilerOptions extends CompileOptions {
  /** Texts to keep beside the object. */
  readonly emit?: readonly ("llvm" | "assembly")[];
}

/** A compiler that keeps what it has parsed: the second build of a file takes a fraction of the first. */
export interface Compiler {
  /** Source → checked IR; needs no LLVM. */
  lower(entry: string, options?: CompilerOptions): Promise<LowerResult>;
  /** Source → object code. `meanwhile` is called once LLVM's programs are at work, which leaves time to load what comes next. */
  compile(entry: string, options?: CompilerOptions, meanwhile?: () => Promise<unknown>): Promise<CompileResult>;
}

type Lowered = Extract<LowerResult, { ok: true }>;

async function forTests(lowered: Lowered): Promise<LowerResult> {
  const { testBuild } = await import("./passes/test-build.ts");
  const module = testBuild(lowered.module);
  const globals = module.globals.map(({ name, layout, constant }) => ({ name, layout, constant, offset: 0 }));
  return { ...lowered, module, manifest: { ...lowered.manifest, globals } };
}

/** TypeScript is an optional package: that it is not there is the user's to know, not an exception. */
async function loadParts() {
  try {
    return await Promise.all([
      import("./frontend/index.ts"),
      import("./frontend/program.ts"),
      import("./passes/index.ts"),
    ]);
  } catch (error) {
    const missing = missingPackage(error);
    if (missing === null) throw error;
    return missing;
  }
}

/** Has LLVM's programs asked for their versions while the front end works: what comes of it is remembered. */
async function seekToolchain(llvm: number | undefined): Promise<void> {
  const { findToolchain } = await import("./backend/toolchain.ts");
  void findToolchain(llvm);
}

export function createCompiler(defaults: CompilerOptions = {}): Compiler {
  let cache: import("./frontend/program.ts").SourceCache | undefined;
  const lower = async (entry: string, options: CompilerOptions = {}): Promise<LowerResult> => {
    const parts = await loadParts();
    if (!Array.isArray(parts)) return { ok: false, problems: [parts], inputs: [] };
    const [{ lowerFile }, { SourceCache }, { improve }] = parts;
    cache ??= new SourceCache();
    const files = options.files ?? defaults.files;
    const filters = options.filters ?? defaults.filters;
    const fold = options.fold ?? defaults.fold;
    const traces = options.traces ?? defaults.traces;
    const written = lowerFile(entry, {
      cache,
      ...(filters ? { filters } : {}),
      ...(files ? { files } : {}),
      ...(fold ? { fold } : {}),
      ...(traces === undefined ? {} : { traces }),
    });
    const lowered = written.ok ? { ...written, module: improve(written.module) } : written;
    return lowered.ok && (options.testBuild ?? defaults.testBuild) === true ? forTests(lowered) : lowered;
  };
  const generate = async (
    lowered: Lowered,
    options: CompilerOptions,
    meanwhile?: () => Promise<unknown>,
  ): Promise<CompileResult> => {
    const { emitObject } = await import("./backend/index.ts");
    const emitted = await emitObject(lowered.module, { ...defaults, ...options }, meanwhile);
    if (!emitted.ok) return { ok: false, problems: [...lowered.problems, ...emitted.problems], inputs: lowered.inputs };
    return { ...lowered, code: emitted.code };
  };
  return {
    lower,
    async compile(entry, options = {}, meanwhile) {
      await seekToolchain(options.llvm ?? defaults.llvm);
      const lowered = await lower(entry, options);
      return lowered.ok ? generate(lowered, options, meanwhile) : lowered;
    },
  };
}

/** Type-checks and lowers a file; finds everything but what LLVM or a kernel would say. */
export async function check(entry: string, options: CompilerOptions = {}): Promise<CheckResult> {
  const { ok, problems } = await createCompiler(options).lower(entry);
  return { ok, problems };
}

/** Source → checked IR and manifest. */
export const lower = (entry: string, options: CompilerOptions = {}): Promise<LowerResult> =>
  createCompiler(options).lower(entry);

/** Source → object code and manifest. */
export const compile = (entry: string, options: CompilerOptions = {}): Promise<CompileResult> =>
  createCompiler(options).compile(entry);

/**
 * Writes results of one source, one per CPU level, as a bundle folder: whole, or not at all. An existing bundle is replaced;
 * a folder that holds anything else is left alone.
 */
export async function writeBundle(
  folder: string,
  first: CompiledModule,
  ...more: readonly CompiledModule[]
): Promise<WriteResult> {
  const bundle = await import("./bundle/write.ts");
  return bundle.writeBundle(folder, first, ...more);
}
