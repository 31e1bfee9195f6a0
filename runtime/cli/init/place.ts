/** Puts a new project in place at once. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ProjectFiles } from "./project.ts";

/** True when nothing would be lost: there is no such path, or an empty folder. */
export const isFree = (folder: string): boolean =>
  !existsSync(folder) || (statSync(folder).isDirectory() && readdirSync(folder).length === 0);

/**
 * Writes the files beside `folder` and renames them into place: the project is there whole, or not at all.
 * @throws the file system's error; also when somebody else took the folder meanwhile.
 */
export function placeProject(folder: string, files: ProjectFiles): void {
  mkdirSync(dirname(folder), { recursive: true });
  const staging = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
  try {
    const fresh = join(staging, "project");
    mkdirSync(fresh, 0o755);
    for (const [path, content] of files) {
      mkdirSync(dirname(join(fresh, path)), { recursive: true });
      writeFileSync(join(fresh, path), content);
    }
    if (existsSync(folder)) rmdirSync(folder);
    renameSync(fresh, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
