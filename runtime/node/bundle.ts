/**
 * The node's own programs (bpf-lib/node), compiled. The package ships them; a source tree whose data plane has changed since
 * compiles them anew, which takes the compiler and LLVM.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { packageRoot } from "../../compiler/package-root.ts";
import { type Bundle, openBundle } from "../loader/bundle.ts";
import type { ObjectWithManifest } from "../loader/load.ts";

/** Where a build puts it, from the package's root. */
export const NODE_BUNDLE = "dist/node";
export const NODE_SOURCE = "bpf-lib/node/node.ts";

const digest = (file: string): string | null =>
  existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : null;

/** Whether every source that a bundle was made from is as it was. Paths of our own begin with the package's name. */
const isCurrent = ({ manifest }: Bundle, root: string): boolean =>
  manifest.sources.every(({ path, sha256 }) => digest(join(root, path.replace(/^zeta\//, ""))) === sha256);

async function compiled(root: string): Promise<ObjectWithManifest> {
  const { compile } = await import("../../compiler/index.ts");
  const result = await compile(join(root, NODE_SOURCE));
  if (!result.ok) throw new ZetaError(result.problems);
  return { object: result.code.object, manifest: result.manifest };
}

let known: Promise<Bundle | ObjectWithManifest> | undefined;

async function find(): Promise<Bundle | ObjectWithManifest> {
  const root = packageRoot();
  const folder = join(root, NODE_BUNDLE);
  if (!existsSync(join(folder, "manifest.json"))) return compiled(root);
  // What an older build has left may not even be readable.
  const bundle = await openBundle(folder).catch(() => null);
  return bundle !== null && isCurrent(bundle, root) ? bundle : compiled(root);
}

/** @throws ZetaError when nothing is shipped and it cannot be compiled here. */
export function nodeBundle(): Promise<Bundle | ObjectWithManifest> {
  known ??= find();
  return known;
}
