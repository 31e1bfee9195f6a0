/** What a path leads to. Only what is a file may be read: a FIFO lets its reader wait for ever, and some devices never end. */
import { type Stats, statSync } from "node:fs";

export type FileKind = "file" | "folder" | "FIFO" | "socket" | "device";

export function kindOf(stats: Stats): FileKind {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "folder";
  if (stats.isFIFO()) return "FIFO";
  return stats.isSocket() ? "socket" : "device";
}

/** Null for what is not there, or is out of reach. Links are followed. */
export function fileKind(path: string): FileKind | null {
  try {
    return kindOf(statSync(path));
  } catch {
    return null;
  }
}
