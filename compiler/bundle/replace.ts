/** Puts a whole folder in place at once, or not at all. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

function writeDurably(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx", 0o644);
  try {
    writeFileSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Takes away what writers of this folder left beside it that were killed; those that still write are left alone. */
function removeLeftovers(target: string): void {
  const prefix = `.${basename(target)}-`;
  const isLeft = (name: string): boolean => {
    const pid = name.startsWith(prefix) ? /^(\d+)-[A-Za-z0-9]{6}$/.exec(name.slice(prefix.length))?.[1] : undefined;
    return pid !== undefined && !isRunning(Number(pid));
  };
  try {
    for (const name of readdirSync(dirname(target)).filter(isLeft))
      rmSync(join(dirname(target), name), { recursive: true, force: true });
  } catch {
    // Somebody else's, perhaps; what was to be written is in place all the same.
  }
}

/**
 * Makes `folder` hold exactly `files` (name → content). The files are written beside it and moved in by rename, so that a
 * reader sees the old folder or the new one; an old one is put back if the move fails. What killed writers left goes as well.
 * @throws the file system's error, after removing what was written.
 */
export function replaceFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  const target = resolve(folder);
  mkdirSync(dirname(target), { recursive: true });
  // The same parent is the same file system, where rename is atomic.
  const staging = mkdtempSync(join(dirname(target), `.${basename(target)}-${process.pid}-`));
  try {
    const fresh = join(staging, "new");
    const old = join(staging, "old");
    mkdirSync(fresh, 0o755);
    for (const [name, bytes] of files) writeDurably(join(fresh, name), bytes);
    const replaces = existsSync(target);
    if (replaces) renameSync(target, old);
    try {
      renameSync(fresh, target);
    } catch (error) {
      if (replaces) renameSync(old, target);
      throw error;
    }
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  // Only now: the old folder may be among it.
  removeLeftovers(target);
}
