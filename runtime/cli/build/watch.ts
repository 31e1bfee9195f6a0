/** Waits for changes of source files. */
import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Editors write a file in several steps; what comes within this time is one change. */
const SETTLE_MILLISECONDS = 25;

export interface FileWatcher {
  /**
   * Watches exactly these absolute paths from now on, whether or not they are there. Folders are watched, since editors replace files by
   * rename; those that are not there are left out.
   */
  follow(paths: readonly string[]): void;
  close(): void;
}

/** Calls `changed` once per settled change of a followed file. */
export function watchFiles(changed: () => void): FileWatcher {
  const folders = new Map<string, { readonly watcher: FSWatcher; names: ReadonlySet<string> }>();
  let timer: NodeJS.Timeout | undefined;
  const settle = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLE_MILLISECONDS);
  };
  const open = (folder: string, names: ReadonlySet<string>): void => {
    const watcher = watch(folder, (_event, name) => {
      if (name === null || folders.get(folder)?.names.has(name) === true) settle();
    });
    // A folder that is deleted while it is watched: its files come back with the next build, or are reported missing.
    watcher.on("error", () => settle());
    folders.set(folder, { watcher, names });
  };
  return {
    follow(paths) {
      const wanted = new Map<string, Set<string>>();
      for (const path of paths) {
        const folder = dirname(path);
        if (!existsSync(folder)) continue;
        wanted.set(folder, (wanted.get(folder) ?? new Set()).add(basename(path)));
      }
      for (const [folder, { watcher }] of folders) {
        if (wanted.has(folder)) continue;
        watcher.close();
        folders.delete(folder);
      }
      for (const [folder, names] of wanted) {
        const known = folders.get(folder);
        if (known === undefined) open(folder, names);
        else known.names = names;
      }
    },
    close() {
      clearTimeout(timer);
      for (const { watcher } of folders.values()) watcher.close();
      folders.clear();
    },
  };
}
