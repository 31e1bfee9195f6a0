/** The npm dependencies: what the lock file names must be in node_modules, native parts built. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, say } from "./run.mjs";

const built = ["llvm-bindings/build/Release/llvm-bindings.node", ".bin/node", ".bin/vitest", ".bin/tsc"];

/** @param {string} root */
export function ensureModules(root) {
  const stale = whyStale(root);
  if (stale === null) return false;
  say(`npm ci (${stale}); llvm-bindings is built from source, about two minutes`);
  run("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], { cwd: root, env: npmEnvironment(root) });
  const still = whyStale(root);
  if (still !== null) throw new Error(`npm ci ended well, and yet ${still}.`);
  return true;
}

/**
 * npm keeps a copy of the lock file of what it installed; comparing the two is exact and takes milliseconds.
 * @param {string} root
 * @returns {string | null}
 */
function whyStale(root) {
  const installedFile = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedFile)) return "node_modules is not there";
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages;
  for (const [path, one] of Object.entries(wanted)) {
    if (path === "" || one.optional || one.devOptional || one.peer) continue;
    if (installed[path]?.version !== one.version) return `${path} is not at version ${one.version}`;
  }
  const absent = built.find((file) => !existsSync(join(root, "node_modules", file)));
  return absent === undefined ? null : `node_modules/${absent} is not there`;
}

/**
 * npm must not run on the node it is about to replace, and native parts must find headers without a download.
 * @param {string} root
 */
function npmEnvironment(root) {
  const own = join(root, "node_modules");
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.startsWith(own));
  const headers = existsSync("/usr/include/node/node_api.h") ? { npm_config_nodedir: "/usr" } : {};
  return { ...process.env, ...headers, PATH: path.join(delimiter) };
}
