/** From what a test names to what a target runs. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Problem, ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { Compiler } from "../../../compiler/index.ts";
import type { Module } from "../../../compiler/ir/ir.ts";
import { packageRoot } from "../../../compiler/package-root.ts";
import { TEST_CLOCK } from "../../../compiler/passes/test-build.ts";
import { NODE_PROGRAMS, type NodeRole, PROGRAMS_OF } from "../../../runtime/node/bundle.ts";
import { noSuchProgram } from "../problems.ts";
import { kept } from "./kept.ts";
import type { Compiled, Source } from "./target.ts";

/** One compiler for all tests of a process: it keeps what it has parsed. Loaded only when a source file is named. */
let compiler: Promise<Compiler> | null = null;
const compilerOf = (): Promise<Compiler> => {
  compiler ??= import("../../../compiler/index.ts").then(({ createCompiler }) => createCompiler());
  return compiler;
};

const lowered = new Map<string, Promise<Compiled>>();
const nodes = new Map<boolean, Promise<Compiled>>();
const objects = new WeakMap<Module, Promise<Uint8Array>>();

const refuse = (problems: readonly Problem[]): never => {
  throw new ZetaError(problems.filter((problem) => problem.severity === "error"));
};

async function lowerFile(file: string, testBuild = true): Promise<Compiled> {
  const result = await (await compilerOf()).lower(file, { testBuild });
  if (!result.ok) return refuse(result.problems);
  // Sources are named relative to their entry's folder.
  const folder = new URL("./", pathToFileURL(file)).href;
  return { module: result.module, manifest: result.manifest, object: null, folder };
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

const clusterNodes = new Map<NodeRole, Promise<Compiled>>();

const lowerNode = (testBuild: boolean): Promise<Compiled> =>
  kept(testBuild ? "test" : "plain", () => lowerFile(join(packageRoot(), NODE_PROGRAMS.source), testBuild));

/** The programs of a node of a cluster, built for tests. */
export function clusterNode(role: NodeRole): Promise<Compiled> {
  const known =
    clusterNodes.get(role) ?? kept(`${role}-test`, () => lowerFile(join(packageRoot(), PROGRAMS_OF[role].source)));
  clusterNodes.set(role, known);
  return known;
}

/** The node's own programs, which a service's are entered from: built for tests if the service is. */
export function nodeFor({ module }: Compiled): Promise<Compiled> {
  const testBuild = module.globals.some(({ name }) => name === TEST_CLOCK);
  const node = nodes.get(testBuild) ?? lowerNode(testBuild);
  nodes.set(testBuild, node);
  return node;
}

/** The same with its object. */
export async function nodeObjectFor(program: Compiled): Promise<Compiled & { readonly object: Uint8Array }> {
  const node = await nodeFor(program);
  const testBuild = node.module.globals.some(({ name }) => name === TEST_CLOCK);
  const make = async (): Promise<Uint8Array> => {
    const { findToolchain } = await import("../../../compiler/backend/index.ts");
    const found = await findToolchain();
    if (!found.ok) return refuse(found.problems);
    return kept(`${testBuild ? "test" : "plain"}-${found.toolchain.version}`, () => emit(node.module));
  };
  const object = objects.get(node.module) ?? make();
  objects.set(node.module, object);
  return { ...node, object: await object };
}

/** The program that packets enter by: the one named, or the only one. */
export function rootOf({ module }: Compiled, wanted: string | undefined): string {
  const names = module.programs.map((program) => program.name);
  const root = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (root === undefined || !names.includes(root)) throw new ZetaError([noSuchProgram(null, root ?? null, names)]);
  return root;
}
