/** Files that are there whole or not at all: a reader sees what stood there before, or what stands there now. */
import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Written beside and renamed. @throws the file system's error; nothing is left beside it then. */
export function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, content, { mode });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
