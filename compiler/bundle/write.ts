/** Writes a bundle: a folder with a manifest and objects, all a node needs. Reading is the loader's. */
import { createHash } from "node:crypto";
import type { CompileResult, ObjectCode } from "../api.ts";
import type { Problem } from "../diagnostics/problem.ts";
import type { Module } from "../ir/ir.ts";
import { manifestDigest } from "./digest.ts";
import { type Manifest, type ManifestFile, manifestSchema } from "./manifest.ts";
import { MANIFEST_FILE, placeFor } from "./place.ts";
import { cannotWrite, folderTaken, mixedResults } from "./problems.ts";
import { replaceFolder } from "./replace.ts";

export type CompiledModule = Extract<CompileResult, { readonly ok: true }>;

export type WriteResult =
  | { readonly ok: true; readonly manifest: Manifest; readonly files: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Names come from source text; a file name must stay one file in this folder. */
const fileName = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, "_");

interface NamedObject {
  readonly file: string;
  readonly code: ObjectCode;
}

function nameObjects(name: string, codes: readonly ObjectCode[]): readonly NamedObject[] {
  const single = codes.length === 1;
  return codes
    .map((code) => ({ file: `${fileName(name)}${single ? "" : `.${code.toolchain.cpu}`}.o`, code }))
    .sort((a, b) => byText(a.file, b.file));
}

const sourceDigests = ({ files }: Module): Manifest["sources"] =>
  files.map(({ path, text }) => ({ path, sha256: sha256(text) })).sort((a, b) => byText(a.path, b.path));

/** The files of a bundle by name, and its manifest. The same results always give the same bytes. */
export function bundleFiles(first: CompiledModule, ...more: readonly CompiledModule[]) {
  const objects = nameObjects(
    first.manifest.name,
    [first, ...more].map(({ code }) => code),
  );
  const manifest = manifestSchema.parse({
    ...first.manifest,
    objects: objects.map(({ file, code: { object, toolchain } }) => ({ file, ...toolchain, sha256: sha256(object) })),
    sources: sourceDigests(first.module),
  } satisfies Manifest);
  // The text that is written, read again: properties without a value are none, and must not count.
  const content: Manifest = JSON.parse(JSON.stringify(manifest));
  const file: ManifestFile = { ...content, digest: manifestDigest(content) };
  const files = new Map<string, Uint8Array>([
    [MANIFEST_FILE, Buffer.from(`${JSON.stringify(file, null, 2)}\n`)],
    ...objects.map(({ file, code }): [string, Uint8Array] => [file, code.object]),
  ]);
  return { manifest, files };
}

function disagreement(first: CompiledModule, more: readonly CompiledModule[]): string | null {
  const results = [first, ...more];
  const sources = JSON.stringify(sourceDigests(first.module));
  const other = more.find(({ module }) => JSON.stringify(sourceDigests(module)) !== sources);
  if (other !== undefined) return `'${other.manifest.name}' was built from other sources`;
  const cpus = results.map(({ code }) => code.toolchain.cpu);
  return new Set(cpus).size === cpus.length ? null : "two objects are for the same CPU level";
}

/**
 * Writes results of one source, one per CPU level, as a bundle. An existing bundle is replaced as a whole; a folder that is
 * not a bundle is left alone. On failure nothing is left half-written.
 */
export function writeBundle(folder: string, first: CompiledModule, ...more: readonly CompiledModule[]): WriteResult {
  const mixed = disagreement(first, more);
  if (mixed !== null) return { ok: false, problems: [mixedResults(null, mixed)] };
  try {
    const place = placeFor(folder);
    if ("taken" in place) return { ok: false, problems: [folderTaken(null, folder, place.taken)] };
    const { manifest, files } = bundleFiles(first, ...more);
    replaceFolder(place.folder, files);
    return { ok: true, manifest, files: [...files.keys()].sort() };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && typeof error.code === "string")) throw error;
    return { ok: false, problems: [cannotWrite(null, folder, error.message)] };
  }
}
