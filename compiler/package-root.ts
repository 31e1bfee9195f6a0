/** Where Zeta itself lies: its own TypeScript sources are input to every compilation. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

let found: string | undefined;

/** The folder that holds `sdk/` and `bpf-lib/`: the package's root, in the source tree and when installed. */
export function packageRoot(): string {
  if (found !== undefined) return found;
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, "sdk", "index.ts")) && existsSync(path.join(folder, "package.json"))) {
      found = folder;
      return folder;
    }
    if (folder === path.dirname(folder))
      throw new Error("Zeta's own sources (sdk/, bpf-lib/) are not beside the compiler.");
  }
}
