/** JavaScript compiled once is kept for the next command: TypeScript alone takes a tenth of a second to compile. */
import { statSync } from "node:fs";
import nodeModule from "node:module";
import { isAbsolute, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `zeta` under XDG_CACHE_HOME or ~/.cache, where that belongs to the user whose process this is: what lies there is run. Null
 * where it does not.
 */
export function cacheFolder(env: Environment): string | null {
  const { HOME: home, XDG_CACHE_HOME: given } = env;
  const folder = given ?? (home === undefined ? undefined : join(home, ".cache"));
  if (folder === undefined || !isAbsolute(folder)) return null;
  const owner = statSync(given ?? home ?? folder, { throwIfNoEntry: false })?.uid;
  return owner !== undefined && owner === process.getuid?.() ? join(folder, "zeta") : null;
}

/**
 * An old Node has no such thing, and must come as far as being told that it is old. Node itself heeds NODE_DISABLE_COMPILE_CACHE,
 * and does without a folder that it cannot write.
 */
export function useCompileCache(env: Environment): void {
  const folder = cacheFolder(env);
  if (folder !== null) nodeModule.enableCompileCache?.(folder);
}
