/** The npm dependencies: what the lock file names must be in node_modules, native parts built. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { withModernNpm } from "./modern-npm.mjs";
import { run, say } from "./run.mjs";

const built = ["llvm-bindings/build/Release/llvm-bindings.node", ".bin/node", ".bin/vitest", ".bin/tsc"];

/**
 * `npm install` and not `npm ci`: the latter refuses a lock file that lacks native parts of other platforms, and a lock
 * file lacks them wherever it was made from a registry that does not hold them. What `npm ci` promises is checked here
 * instead: every package is at the version of the lock file.
 * @param {string} root
 */
export function ensureModules(root) {
  const stale = whyStale(root);
  if (stale === null) return false;
  say(`npm install (${stale}); building llvm-bindings from source takes about two minutes`);
  withModernNpm(root, pathWithout(join(root, "node_modules")), (npm, path) => {
    // Native parts must find Node's headers here: elsewhere they would be downloaded.
    const headers = existsSync("/usr/include/node/node_api.h") ? { npm_config_nodedir: "/usr" } : {};
    const env = { ...process.env, ...headers, PATH: path };
    const install = () =>
      run(npm, ["install", "--no-save", "--no-fund", "--no-audit", "--loglevel=error"], { cwd: root, env });
    install();
    if (whyStale(root) === null) return;
    rmSync(join(root, "node_modules"), { recursive: true, force: true });
    install();
  });
  const still = whyStale(root);
  if (still !== null) throw new Error(`npm install ended well, and yet ${still}.`);
  return true;
}

/** npm must not run on the node that it is about to replace. @param {string} folder */
function pathWithout(folder) {
  const path = (process.env.PATH ?? "").split(delimiter);
  return path.filter((one) => !one.startsWith(folder)).join(delimiter);
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
    if (path === "") continue;
    const optional = one.optional || one.devOptional;
    if (optional && !isForThisMachine(one)) continue;
    if (installed[path]?.version !== one.version) return `${path} is not at version ${one.version}`;
    // An optional package that npm left out stands in its notes all the same.
    if (optional && !existsSync(join(root, path))) return `${path} was left out`;
  }
  const absent = built.find((file) => !existsSync(join(root, "node_modules", file)));
  return absent === undefined ? null : `node_modules/${absent} is not there`;
}

/**
 * Whether an optional package is the native part of another for this machine; npm leaves out the others in silence.
 * @param {{ os?: string[], cpu?: string[], libc?: string[] }} one
 */
function isForThisMachine({ os, cpu, libc }) {
  if (os === undefined || cpu === undefined) return false;
  const ownLibc = existsSync("/etc/alpine-release") ? "musl" : "glibc";
  return os.includes(process.platform) && cpu.includes(process.arch) && (libc === undefined || libc.includes(ownLibc));
}
