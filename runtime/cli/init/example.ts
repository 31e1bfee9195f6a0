/**
 * The files of an example as they stand in a project of its own. An example that is put together from others brings the
 * modules it imports from them with their READMEs, each in a folder beside its own files: `../acl/service.ts` becomes
 * `./acl/service.ts`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** What an example may hold besides what belongs to the project: results of building and running it. */
const SKIPPED: ReadonlySet<string> = new Set(["build", "dist", "node_modules"]);
const SOURCE = /\.[cm]?tsx?$/;
/** The specifiers of imports and re-exports that are relative. */
const IMPORTED = /\b(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

function* filesUnder(folder: string, prefix = ""): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (SKIPPED.has(entry.name)) continue;
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) yield* filesUnder(join(folder, entry.name), `${path}/`);
    else if (entry.isFile()) yield path;
  }
}

/** Files of other examples that a source imports, and what those import in turn, as paths in `examples`. */
function importedBy(examples: string, file: string, found: Set<string>): void {
  for (const [, specifier = ""] of readFileSync(join(examples, file), "utf8").matchAll(IMPORTED)) {
    const path = posix.join(posix.dirname(file), specifier);
    if (path.startsWith("..") || found.has(path) || !existsSync(join(examples, path))) continue;
    found.add(path);
    importedBy(examples, path, found);
  }
}

/** @param examples the folder of all examples */
export function exampleFiles(examples: string, name: string): Map<string, string | Uint8Array> {
  const own = [...filesUnder(join(examples, name))];
  const imported = new Set<string>();
  for (const path of own) if (SOURCE.test(path)) importedBy(examples, `${name}/${path}`, imported);
  const others = [...imported].filter((path) => !path.startsWith(`${name}/`)).sort();
  const folders = [...new Set(others.map((path) => path.split("/")[0] as string))];
  // Only the example's own files are a step nearer to the others than they were.
  const nearer = new RegExp(`\\.\\./(?=(?:${folders.join("|")})\\b)`, "g");
  const moved = (path: string, content: Uint8Array): string | Uint8Array =>
    folders.length === 0 || !/\.(md|[cm]?tsx?)$/.test(path) || path.includes("/")
      ? content
      : Buffer.from(content).toString("utf8").replaceAll(nearer, "./");
  const files = new Map<string, string | Uint8Array>();
  for (const path of own) files.set(path, moved(path, readFileSync(join(examples, name, path))));
  others.push(...folders.map((folder) => `${folder}/README.md`).filter((path) => existsSync(join(examples, path))));
  for (const path of others) files.set(path, readFileSync(join(examples, path)));
  return files;
}
