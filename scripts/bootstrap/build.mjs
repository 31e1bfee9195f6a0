/** The build in dist/: made anew when a source has changed since. */
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { run, say } from "./run.mjs";

const sources = [
  "sdk",
  "compiler",
  "runtime",
  "bpf-lib",
  "test/kit",
  "package.json",
  "package-lock.json",
  "tsup.config.ts",
  "tsconfig.json",
  "scripts/build-node.ts",
];

/** So that `npx zeta` finds the command of this very folder, as in a project that has the package. @param {string} root */
function linkCommand(root) {
  const link = join(root, "node_modules/.bin/zeta");
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync("../../dist/cli.js", link);
}

/** @param {string} root */
export function ensureBuild(root) {
  linkCommand(root);
  const stamp = join(root, ".zeta/build-stamp");
  const print = fingerprint(root);
  if (existsSync(join(root, "dist")) && existsSync(stamp) && readFileSync(stamp, "utf8") === print) return false;
  say("building dist/");
  const bin = join(root, "node_modules/.bin");
  run("npm", ["run", "--silent", "build"], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
  });
  mkdirSync(join(root, ".zeta"), { recursive: true });
  writeFileSync(stamp, print);
  return true;
}

/** Path, size and time of every source: what `make` would look at. @param {string} root */
function fingerprint(root) {
  const hash = createHash("sha256");
  const visit = (/** @type {string} */ path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) for (const name of readdirSync(join(root, path)).sort()) visit(join(path, name));
    else hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  for (const source of sources) visit(source);
  return hash.digest("hex");
}
