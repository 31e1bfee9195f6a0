/**
 * The node's own programs (bpf-lib/node), compiled. The package ships them; a source tree whose data plane has changed since
 * compiles them anew, which takes the compiler and LLVM.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { packageRoot } from "../../compiler/package-root.ts";
import { programTimes } from "../cluster/program-times.ts";
import { DEFAULT_TIMES, deriveTimes, type Times } from "../cluster/time.ts";
import { type Bundle, openBundle } from "../loader/bundle.ts";
import type { ObjectWithManifest } from "../loader/load.ts";

/** Programs of a node's, by paths from the package's root. */
export interface NodePrograms {
  /** Where a build puts them. */
  readonly bundle: string;
  readonly source: string;
  /** Sources that they are compiled with in place of those that stand there. */
  readonly instead: Readonly<Record<string, string>>;
}

export const NODE_PROGRAMS: NodePrograms = { bundle: "dist/node", source: "bpf-lib/node/node.ts", instead: {} };
/** The same, which tell what becomes of chosen packets. */
export const TRACED_PROGRAMS: NodePrograms = {
  bundle: "dist/traced",
  source: "bpf-lib/node/traced.ts",
  instead: { "bpf-lib/trace/traced.ts": "export const TRACED: boolean = true;\n" },
};

/** What a node is: by itself, or of a cluster (bpf-lib/table). */
export type NodeRole = "single" | "forwarder" | "table";
export const PROGRAMS_OF: Readonly<Record<NodeRole, NodePrograms>> = {
  single: NODE_PROGRAMS,
  forwarder: { bundle: "dist/forwarder", source: "bpf-lib/table/forwarder.ts", instead: {} },
  table: { bundle: "dist/table-node", source: "bpf-lib/table/table-node.ts", instead: {} },
};
/** Constants that the programs of a role are loaded with. */
export const constantsOf = (role: NodeRole, times: Times = deriveTimes(DEFAULT_TIMES)): Record<string, unknown> => ({
  ...(role === "table" ? {} : { zeta_forwards: role === "forwarder" ? 1 : 0 }),
  ...programTimes(role, times),
});

/** For the compiler: absolute paths. */
export const filesInstead = ({ instead }: NodePrograms, root = packageRoot()): ReadonlyMap<string, string> =>
  new Map(Object.entries(instead).map(([path, text]) => [join(root, path), text]));

const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");
const digest = (file: string): string | null => (existsSync(file) ? sha256(readFileSync(file)) : null);

/** Whether every source that a bundle was made from is as it was. Paths of our own begin with the package's name. */
const isCurrent = ({ manifest }: Bundle, { instead }: NodePrograms, root: string): boolean =>
  manifest.sources.every((source) => {
    const path = source.path.replace(/^zeta\//, "");
    const other = instead[path];
    return (other === undefined ? digest(join(root, path)) : sha256(other)) === source.sha256;
  });

async function compiled(programs: NodePrograms, root: string): Promise<ObjectWithManifest> {
  const { compile } = await import("../../compiler/index.ts");
  const result = await compile(join(root, programs.source), { files: filesInstead(programs, root) });
  if (!result.ok) throw new ZetaError(result.problems);
  return { object: result.code.object, manifest: result.manifest };
}

async function find(programs: NodePrograms): Promise<Bundle | ObjectWithManifest> {
  const root = packageRoot();
  const folder = join(root, programs.bundle);
  if (!existsSync(join(folder, "manifest.json"))) return compiled(programs, root);
  // What an older build has left may not even be readable.
  const bundle = await openBundle(folder).catch(() => null);
  return bundle !== null && isCurrent(bundle, programs, root) ? bundle : compiled(programs, root);
}

const known = new Map<NodePrograms, Promise<Bundle | ObjectWithManifest>>();

/** @throws ZetaError when nothing is shipped and it cannot be compiled here. */
export function nodeBundle(programs: NodePrograms = NODE_PROGRAMS): Promise<Bundle | ObjectWithManifest> {
  const found = known.get(programs) ?? find(programs);
  known.set(programs, found);
  return found;
}
