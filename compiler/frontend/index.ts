/** The front end: from an author's file to checked, typed IR. */

import { createHash } from "node:crypto";
import path from "node:path";
import type { LowerResult } from "../api.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { collectProblems } from "../diagnostics/collect.ts";
import type { Module } from "../ir/ir.ts";
import { verifyModule } from "../ir/verify.ts";
import { version } from "../version.ts";
import { LIBRARY_MODULES } from "./builtins/library.ts";
import { isProgram } from "./builtins/program.ts";
import { isService } from "./builtins/service.ts";
import { Refusal } from "./frames.ts";
import { baseName, ModuleBuilder } from "./module.ts";
import { badDeclaration, nothingToBuild, tooLarge } from "./problems.ts";
import { createSourceProgram, type FileOverlay, libraryPath, type SourceCache } from "./program.ts";
import { lowerProgram } from "./programs.ts";
import { lowerService, serviceManifest } from "./services/build.ts";
import type { ServiceSpec } from "./services/spec.ts";
import { ts } from "./typescript.js";
import type { Value } from "./values.ts";

export interface LowerOptions {
  readonly files?: FileOverlay;
  readonly cache: SourceCache;
  readonly filters?: "fused" | "tail-calls";
  readonly fold?: ReadonlyMap<string, Uint8Array>;
  readonly traces?: boolean;
}

/** Modules of bpf-lib that services are built from. */
const LIBRARY_ROOTS = [
  ...LIBRARY_MODULES,
  "service/filter.ts",
  "service/sole.ts",
  "service/decide.ts",
  "node/listen.ts",
  "route/endpoints.ts",
  "config/prefixes.ts",
  "config/table.ts",
  "config/maglev.ts",
  "config/port-pool.ts",
  "config/secret.ts",
  "state/binding.ts",
  "state/counter.ts",
  "state/rate-limiter.ts",
  "state/bounded-table.ts",
  "state/events.ts",
];

/** What is refused on the way is a problem of the module's; then there is no result. */
function refusing<R>(module: ModuleBuilder, use: () => R): R | null {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    module.report(error.problem);
    return null;
  }
}

/** Values of the entry's exports that declare something to build. */
function exportedValues(module: ModuleBuilder, entry: ts.SourceFile): { value: Value; at: ts.Node }[] {
  const { checker } = module;
  const symbol = checker.getSymbolAtLocation(entry);
  const exported = symbol === undefined ? [] : checker.getExportsOfModule(symbol);
  return exported.flatMap((each) => {
    const target = each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each;
    // Interfaces and types build nothing.
    if (!(target.flags & ts.SymbolFlags.Value)) return [];
    const at = target.valueDeclaration ?? target.declarations?.[0];
    if (at === undefined) return [];
    const value = refusing(module, () => module.globalValue(target, entry));
    return value === null ? [] : [{ value, at }];
  });
}

/** A bundle is one service's. */
function lowerOnly(
  module: ModuleBuilder,
  spec: ServiceSpec,
  at: ts.Node,
  entry: ts.SourceFile,
  options: LowerOptions,
): void {
  const { service } = module;
  if (service !== null) {
    const message = `A module exports one service, and this one exports '${service.name}' and '${spec.name}'.`;
    module.topLevel.refuse((span) => badDeclaration(span, message, "Export the other from a file of its own."), at);
  }
  lowerService(module, spec, entry, options);
}

/** Source → IR. Blocks and brackets by the thousand exhaust the stack of TypeScript's parser as they do ours: a mistake of the source. */
export function lowerFile(entry: string, options: LowerOptions): LowerResult {
  try {
    return lowerNested(entry, options);
  } catch (error) {
    if (!(error instanceof RangeError) || !error.message.includes("call stack")) throw error;
    return { ok: false, problems: [tooLarge(null, `The nesting in '${entry}'`)], inputs: [path.resolve(entry)] };
  }
}

function lowerNested(entry: string, options: LowerOptions): LowerResult {
  const { source, problems, inputs } = createSourceProgram(
    entry,
    options.files ?? new Map(),
    options.cache,
    LIBRARY_ROOTS.map(libraryPath),
  );
  if (source === null) return { ok: false, problems, inputs };
  const module = new ModuleBuilder(source, problems);
  module.folded = options.fold ?? module.folded;
  const built = new Set<Value>();
  for (const { value, at } of exportedValues(module, source.entry)) {
    if (built.has(value)) continue;
    built.add(value);
    if (isProgram(value)) lowerProgram(module, value.data);
    else if (isService(value)) refusing(module, () => lowerOnly(module, value.data, at, source.entry, options));
  }
  if (!module.failed && module.programs.length === 0) module.report(nothingToBuild(null, entry));
  if (module.failed) return { ok: false, problems: collectProblems(module.problems), inputs };
  const name = baseName(entry);
  const finished = module.finish(name);
  verifyModule(finished, { bounds: false });
  return { ok: true, module: finished, manifest: manifestOf(finished, module), problems: module.problems, inputs };
}

/** The program that stays attached to a node's interfaces (bpf-lib/node/root.ts). */
const NODE_ROOT = "zeta_root";

function nodePart({ programs }: Module, builder: ModuleBuilder): Pick<Manifest, "node"> {
  if (!programs.some(({ name }) => name === NODE_ROOT)) return {};
  const record = builder.libraryValue("node/lifecycle.ts", "lifecycleRecord");
  if (record.kind !== "layout") throw new TypeError("bpf-lib/node/lifecycle.ts: lifecycleRecord is no layout");
  return { node: { root: NODE_ROOT, drops: builder.dropReasons, lifecycle: record.layout } };
}

function manifestOf(module: Module, builder: ModuleBuilder): Manifest {
  return {
    format: 1,
    name: module.name,
    zeta: version(),
    programs: module.programs.map(({ name, section, slot }) => ({ name, section, ...(slot ? { slot } : {}) })),
    maps: module.maps.map(({ at: _, ...map }) => map),
    globals: module.globals.map(({ name, layout, constant }) => ({ name, layout, constant, offset: 0 })),
    ...nodePart(module, builder),
    service: serviceManifest(builder),
    objects: [],
    sources: module.files.map((file) => ({
      path: file.path,
      sha256: createHash("sha256").update(file.text).digest("hex"),
    })),
  };
}
