/** Whether a path is what npm could install as zeta: its packed tarball, or its folder. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileKind } from "../../../compiler/file-kind.ts";

/** Where npm puts a package's own description. */
const DESCRIPTION = "package/package.json";

/** A file of a compressed archive; null where there is none, or no archive. */
function unpacked(archive: string, file: string): string | null {
  const words = ["--extract", "--gzip", "--to-stdout", "--force-local", "--file", archive, "--", file];
  const { status, stdout, error } = spawnSync("tar", words, { encoding: "utf8" });
  if (error !== undefined) throw error;
  return status === 0 ? stdout : null;
}

function descriptionOf(path: string, isFolder: boolean): string | null {
  accessSync(path, constants.R_OK);
  if (!isFolder) return unpacked(path, DESCRIPTION);
  const file = join(path, "package.json");
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** What the path is instead of the package `wanted`, in words; null where it is that package. */
export function packageMistake(path: string, wanted: string): string | null {
  const kind = fileKind(path);
  const what = `a ${kind ?? "file"}`;
  if (kind !== "file" && kind !== "folder") return what;
  try {
    const description = descriptionOf(path, kind === "folder");
    if (description === null) return `${what} without a package`;
    const { name }: { name?: unknown } = JSON.parse(description);
    return name === wanted ? null : `the package '${String(name)}'`;
  } catch (error) {
    if (error instanceof SyntaxError) return `${what} with a broken package.json`;
    if (!(error instanceof Error && "code" in error)) throw error;
    return `${what} that cannot be read (${error.code})`;
  }
}
