/** The back end: a checked module in, a relocatable BPF object out. */
import type { ObjectCode } from "../api.ts";
import type { Problem } from "../diagnostics/problem.ts";
import type { Module, Place } from "../ir/ir.ts";
import { bindingsBuilder } from "./builders/llvm-bindings.ts";
import { surveyBuilder } from "./builders/survey.ts";
import { textBuilder } from "./builders/text.ts";
import { problemsOf } from "./diagnostics.ts";
import { deepTailCalls, functionsOf, programSize } from "./elf.ts";
import { limitProblems } from "./limits.ts";
import { spanOf } from "./lower/frame.ts";
import { lowerModule, planOf } from "./lower/lower.ts";
import { type BackendOptions, type Settings, settle } from "./options.ts";
import { type BlockOrder, openPipeline } from "./pipeline.ts";
import { preludeOf } from "./prelude/prelude.ts";
import { syntaxFor } from "./prelude/syntax.ts";
import { nameTakenTwice, stackReachesThroughCalls, tailCallTooDeep } from "./problems.ts";

export type { BackendOptions } from "./options.ts";
export { findToolchain, installedToolchains, NEWEST_LLVM, OLDEST_LLVM, type Toolchain } from "./toolchain.ts";

export type BackendResult =
  | { readonly ok: true; readonly code: ObjectCode }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Stack of a program and the functions it calls, together. */
const STACK_LIMIT = 512;

/** Maps, functions and globals share the object's symbols. */
function nameClashes(module: Module): readonly Problem[] {
  const seen = new Set<string>();
  const all = [...module.maps, ...module.globals, ...module.functions, ...module.programs];
  return all.flatMap(({ name, at }) => {
    const taken = seen.has(name);
    seen.add(name);
    return taken ? [nameTakenTwice(spanOf(module, at), name)] : [];
  });
}

interface LlvmModule {
  /** Text or bitcode, for opt. */
  readonly input: string | Uint8Array;
  readonly print: () => string;
}

/** IR → LLVM module, or the problems that only lowering finds. */
function lower(module: Module, settings: Settings): LlvmModule | readonly Problem[] {
  const { cpu, alignment, toolchain, bindings } = settings;
  const plan = planOf(module, { cpu, alignment, llvm: toolchain.major });
  const problems: Problem[] = [];
  const { builder: surveyor, survey } = surveyBuilder();
  lowerModule(plan, surveyor, (problem) => problems.push(problem));
  if (problems.length > 0) return problems;
  const syntax = syntaxFor(bindings !== null || toolchain.major < 15 ? "typed" : "opaque");
  const prelude = preludeOf(module, plan.signatures, survey(), syntax, toolchain.major);
  if (bindings === null) {
    const { builder, finish } = textBuilder(prelude);
    lowerModule(plan, builder, () => {});
    const text = finish();
    return { input: text, print: () => text };
  }
  const { builder, finish, print } = bindingsBuilder(bindings, prelude);
  lowerModule(plan, builder, () => {});
  return { input: finish(), print };
}

const placeOf = (module: Module, name: string): Place | undefined =>
  module.functions.find((one) => one.name === name)?.at;

/**
 * Compiles a module. Problems name the author's lines where LLVM or lowering knows them. `meanwhile` is called once LLVM's
 * programs are at work, and waited for.
 */
export async function emitObject(
  module: Module,
  options: BackendOptions = {},
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<BackendResult> {
  const clashes = nameClashes(module);
  if (clashes.length > 0) return { ok: false, problems: clashes };
  const beyond = limitProblems(module);
  if (beyond.length > 0) return { ok: false, problems: beyond };
  const settled = await settle(options);
  if (!settled.ok) return settled;
  const { settings } = settled;
  const { cpu, toolchain, bindings } = settings;
  using first = openPipeline(toolchain, cpu, "object");
  const lowered = lower(module, settings);
  if (!("input" in lowered)) return { ok: false, problems: lowered };

  const again = (kind: "object" | "assembly") => openPipeline(toolchain, cpu, kind, order).run(lowered.input);
  let order: BlockOrder = "likely";
  const running = first.run(lowered.input);
  await meanwhile();
  let made = await running;
  if (made.ok && functionsOf(made.bytes).some((one) => one.fallsBack)) {
    order = "as written";
    made = await again("object");
  }
  if (!made.ok) return { ok: false, problems: problemsOf(module, made.tool, made.output) };
  const functions = functionsOf(made.bytes);
  const programs = module.programs.map(({ name }) => programSize(functions, name));
  const deep = programs.filter(({ stack }) => stack > STACK_LIMIT);
  if (deep.length > 0) {
    const at = (name: string) => module.programs.find((program) => program.name === name)?.at;
    const tooDeep = deep.map(({ name, stack }) => {
      const place = at(name);
      return stackReachesThroughCalls(place === undefined ? null : spanOf(module, place), name, stack);
    });
    return { ok: false, problems: tooDeep };
  }
  const tailCalls = module.programs.flatMap((program) =>
    [...deepTailCalls(functions, program.name)].map(([name, bytes]) =>
      tailCallTooDeep(spanOf(module, placeOf(module, name) ?? program.at), program.name, name, bytes),
    ),
  );
  if (tailCalls.length > 0) return { ok: false, problems: tailCalls };
  let assembly: string | null = null;
  if (options.emit?.includes("assembly") === true) {
    const listing = await again("assembly");
    if (!listing.ok) return { ok: false, problems: problemsOf(module, listing.tool, listing.output) };
    assembly = new TextDecoder().decode(listing.bytes);
  }
  const code: ObjectCode = {
    object: made.bytes,
    llvm: options.emit?.includes("llvm") === true ? lowered.print() : null,
    assembly,
    toolchain: { llvm: toolchain.version, irBuilder: bindings === null ? "text" : "llvm-bindings", cpu },
    programs,
  };
  return { ok: true, code };
}
