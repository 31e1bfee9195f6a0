/** What commands keep for the next ones stays within bounds: what was used longest ago goes first. */
import { closeSync, futimesSync, lstatSync, openSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Bytes that a cache folder may hold. */
export const MOST_CACHE_BYTES = 256 * 1024 * 1024;
/** What is left when it was more: else the next command would have it to do again. */
const LEFT = 3 / 4;
/** Milliseconds between two looks, at least: one takes a tenth of a second when the folder is full. */
const PAUSE = 3_600_000;
/** Milliseconds in which a file may be being written: it is left alone. */
const YOUNG = 60_000;
/** Its time tells when somebody looked last. */
const MARK = "trimmed";

interface Kept {
  readonly path: string;
  readonly bytes: number;
  /** When it was used last, in milliseconds since 1970: file systems note reading once a day, or not at all. */
  readonly used: number;
  readonly written: number;
}

/** All files below a folder; links are not followed. Whatever goes meanwhile is not told of. */
function filesBelow(folder: string, folders: string[]): Kept[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry): Kept[] => {
    const path = join(folder, entry.name);
    try {
      if (entry.isDirectory()) {
        folders.push(path);
        return filesBelow(path, folders);
      }
      const { size, atimeMs, mtimeMs } = lstatSync(path);
      return [{ path, bytes: size, used: Math.max(atimeMs, mtimeMs), written: mtimeMs }];
    } catch {
      return [];
    }
  });
}

const total = (files: readonly Kept[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Bytes of all files in a cache folder; 0 where there is none. */
export function cacheBytes(folder: string): number {
  try {
    return total(filesBelow(folder, []));
  } catch {
    return 0;
  }
}

/** Whether nobody has looked for a while; from now on somebody has. */
function isDue(folder: string, now: number): boolean {
  const mark = join(folder, MARK);
  const last = lstatSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (now - last < PAUSE && last <= now) return false;
  const fd = openSync(mark, "w", 0o600);
  futimesSync(fd, now / 1000, now / 1000);
  closeSync(fd);
  return true;
}

/**
 * Removes what was used longest ago from a folder that holds more than it may, at most once an hour. Other processes may read,
 * write and trim it meanwhile: whoever misses a file makes it anew. Gives how many bytes were removed; never throws.
 */
export function trimCache(folder: string, most: number = MOST_CACHE_BYTES, now: number = Date.now()): number {
  try {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true || !isDue(folder, now)) return 0;
    const folders: string[] = [];
    const files = filesBelow(folder, folders);
    let left = total(files);
    if (left <= most) return 0;
    let removed = 0;
    for (const { path, bytes, written } of files.sort((a, b) => a.used - b.used)) {
      if (left <= most * LEFT) break;
      if (now - written < YOUNG) continue;
      rmSync(path, { force: true });
      left -= bytes;
      removed += bytes;
    }
    for (const empty of folders.reverse()) dropEmpty(empty);
    return removed;
  } catch {
    // A cache that cannot be read or written is no reason for a command to fail.
    return 0;
  }
}

function dropEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something lies in it.
  }
}
