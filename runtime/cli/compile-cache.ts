/** JavaScript compiled once is kept for the next command: TypeScript alone takes a tenth of a second to compile. */
import { statSync } from "node:fs";
import nodeModule from "node:module";
import { isAbsolute, join } from "node:path";

/**
 * Keeps it in `zeta` under XDG_CACHE_HOME or ~/.cache, where that belongs to the user whose process this is: what lies there is
 * run. An old Node has no such thing, and must come as far as being told that it is old. Node itself heeds NODE_DISABLE_COMPILE_CACHE, and does without a folder that it cannot write.
 */
export function useCompileCache(env: Readonly<Record<string, string | undefined>>): void {
  const { HOME: home, XDG_CACHE_HOME: given } = env;
  const folder = given ?? (home === undefined ? undefined : join(home, ".cache"));
  if (folder === undefined || !isAbsolute(folder)) return;
  const owner = statSync(given ?? home ?? folder, { throwIfNoEntry: false })?.uid;
  if (owner !== undefined && owner === process.getuid?.()) nodeModule.enableCompileCache?.(join(folder, "zeta"));
}
