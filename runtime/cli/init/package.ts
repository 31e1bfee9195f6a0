/** Whether a path is what npm could install as zeta: its packed tarball, or its folder. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Of a tar archive (POSIX.1-1988 ustar): a header of 512 bytes, then the content, filled up to as many. */
const BLOCK = 512;
const NAME = { at: 0, bytes: 100 };
const SIZE = { at: 124, bytes: 12 };
/** Where npm puts a package's own description. */
const DESCRIPTION = "package/package.json";

const text = (block: Uint8Array, { at, bytes }: typeof NAME): string =>
  Buffer.from(block.subarray(at, at + bytes))
    .toString("latin1")
    .split("\0", 1)[0] ?? "";

/** The content of a file of an archive; null where there is none, or no archive. */
function fileIn(archive: Uint8Array, wanted: string): string | null {
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    const size = Number.parseInt(text(header, SIZE), 8);
    if (!Number.isInteger(size) || size < 0) return null;
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (text(header, NAME) === wanted) return Buffer.from(content).toString("utf8");
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return null;
}

const codeOf = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;

/** What npm has packed is compressed; null for what is not. */
function unpacked(path: string): Uint8Array | null {
  try {
    return gunzipSync(readFileSync(path));
  } catch (error) {
    if (codeOf(error)?.startsWith("Z_") === true) return null;
    throw error;
  }
}

function descriptionOf(path: string): string | null {
  if (!statSync(path).isDirectory()) {
    const archive = unpacked(path);
    return archive === null ? null : fileIn(archive, DESCRIPTION);
  }
  const file = join(path, "package.json");
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** What the path is instead of the package `wanted`, in words; null where it is that package. */
export function packageMistake(path: string, wanted: string): string | null {
  const what = statSync(path).isDirectory() ? "a folder" : "a file";
  try {
    const description = descriptionOf(path);
    if (description === null) return `${what} without a package`;
    const { name }: { name?: unknown } = JSON.parse(description);
    return name === wanted ? null : `the package '${String(name)}'`;
  } catch (error) {
    if (error instanceof SyntaxError) return `${what} with a broken package.json`;
    const code = codeOf(error);
    if (code === null) throw error;
    return `${what} that cannot be read (${code})`;
  }
}
