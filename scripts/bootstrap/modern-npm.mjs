/**
 * npm leaves out, in silence, optional packages that do not fit the Node it runs on: native parts of the test runner
 * on Debian's Node 18. Where the machine's Node is older than the package asks for, npm runs on the Node that the lock
 * file names, brought to a folder of its own and removed again.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, say } from "./run.mjs";

const npmVersion = "11.19.1";

/**
 * @param {string} root
 * @param {string} path the PATH to look for the machine's own npm in
 * @param {(npm: string, path: string) => void} work given npm's file and the PATH to run it with
 */
export function withModernNpm(root, path, work) {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  // Not this process's version: it may run on the Node in node_modules, which npm is about to replace.
  const asked = spawnSync("node", ["--version"], { encoding: "utf8", env: { ...process.env, PATH: path } });
  const own = asked.stdout?.trim().replace("v", "") ?? "0";
  if (isAtLeast(own, engines.node.replace(">=", ""))) return work("npm", path);
  const folder = join(root, ".zeta/npm");
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const node = lock.packages["node_modules/node"].version;
  say(`this machine's Node is ${own}: bringing Node ${node} and npm ${npmVersion} to install with`);
  try {
    mkdirSync(folder, { recursive: true });
    const dependencies = { node, npm: npmVersion };
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ private: true, dependencies, allowScripts: { node: true } }),
    );
    const env = { ...process.env, PATH: path };
    run("npm", ["install", "--no-fund", "--no-audit", "--loglevel=error"], { cwd: folder, env, quiet: true });
    const bin = join(folder, "node_modules/.bin");
    work(join(bin, "npm"), `${bin}${delimiter}${path}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} version @param {string} least both as "22.18" or "22.18.0" */
export function isAtLeast(version, least) {
  const [one, other] = [version, least].map((text) => text.split(".").map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (one?.[index] ?? 0) - (other?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
