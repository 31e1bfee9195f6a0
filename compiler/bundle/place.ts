/** Where a bundle may be written: a folder that is new, empty, or a bundle. Whatever else is there is somebody's. */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { kindOf } from "../file-kind.ts";

export const MANIFEST_FILE = "manifest.json";

/** The folder to replace, links followed; or what stands there, in words: "a file". */
export type Place = { readonly folder: string } | { readonly taken: string };

/** Whether a file is the manifest of a bundle, of whatever version. */
function isManifest(path: string): boolean {
  try {
    const content: unknown = JSON.parse(readFileSync(path, "utf8"));
    return (
      typeof content === "object" &&
      content !== null &&
      "format" in content &&
      typeof content.format === "number" &&
      "programs" in content &&
      Array.isArray(content.programs)
    );
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Something in the folder that no bundle holds; null for none. */
function foreignEntry(folder: string): string | null {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const foreign = entries.find(
    (entry) => !entry.isFile() || !(entry.name === MANIFEST_FILE || entry.name.endsWith(".o")),
  );
  if (foreign !== undefined) return `holds '${foreign.name}'`;
  const [first] = entries;
  if (first === undefined) return null;
  if (!entries.some(({ name }) => name === MANIFEST_FILE)) return `holds '${first.name}', and no '${MANIFEST_FILE}'`;
  return isManifest(join(folder, MANIFEST_FILE)) ? null : `holds a '${MANIFEST_FILE}' that is no bundle's`;
}

/** @throws the file system's error, of a path that cannot be looked at. */
export function placeFor(given: string): Place {
  const folder = resolve(given);
  const there = lstatSync(folder, { throwIfNoEntry: false });
  if (there === undefined) return { folder };
  const meant = statSync(folder, { throwIfNoEntry: false });
  if (meant === undefined) return { taken: "is a link that leads nowhere" };
  if (!meant.isDirectory()) return { taken: `is ${there.isSymbolicLink() ? "a link to " : ""}a ${kindOf(meant)}` };
  const real = realpathSync(folder);
  const foreign = foreignEntry(real);
  return foreign === null ? { folder: real } : { taken: foreign };
}
