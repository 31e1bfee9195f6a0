/**
 * Projects that `zeta init` makes from the packed package, as their authors get them: installed by npm, and tested without
 * root and without any capability.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installed, installPacked, root } from "./installed.ts";

/** One by itself, and one that is put together from others. */
const TEMPLATES = ["nat44", "secure-balancer"] as const;
const NOBODY = "65534";
/** npm, and a compiler that starts cold, on a machine that does more. Milliseconds. */
const SLOW = 240_000;

let installed: Installed;
beforeAll(async () => {
  installed = await installPacked();
  chmodSync(installed.folder, 0o755);
});
afterAll(() => installed?.[Symbol.dispose]());

/** npm would fetch the same for every project: the first one's serves the others. */
async function installIn(folder: string): Promise<void> {
  const first = join(installed.folder, TEMPLATES[0], "node_modules");
  if (existsSync(first))
    return cpSync(first, join(folder, "node_modules"), { recursive: true, verbatimSymlinks: true });
  const words = ["install", "--prefer-offline", "--no-audit", "--no-fund"];
  await installed.run("npm", ["--prefix", folder, ...words], { timeout: SLOW });
}

/**
 * Runs Node in the project as a user who may do nothing. Where this is root, Node's own folder is bound into the project's,
 * for that user alone: it may lie where others have no way to.
 */
function asUser(folder: string, words: readonly string[]): string {
  const options = { encoding: "utf8", cwd: folder, timeout: SLOW } as const;
  if (process.getuid?.() !== 0) return execFileSync(process.execPath, words, options);
  const script = `mkdir -p .node && chown -R ${NOBODY}:${NOBODY} . && mount --bind "$1" .node && shift &&
    exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --bounding-set=-all -- env HOME="$PWD" .node/node "$@"`;
  return execFileSync("unshare", ["--mount", "sh", "-c", script, "sh", dirname(process.execPath), ...words], options);
}

test.each(TEMPLATES)(
  "%s: its tests and types pass",
  async (template) => {
    const tarball = join(installed.folder, "zeta-0.1.0.tgz");
    const zeta = join(installed.folder, "node_modules/.bin/zeta");
    const { stderr } = await installed.run(zeta, ["init", template, "--template", template, "--zeta", tarball]);
    expect(stderr).toContain(`made ${template}`);
    const folder = join(installed.folder, template);
    await installIn(folder);
    asUser(folder, ["node_modules/vitest/vitest.mjs", "run", "--reporter=json", "--outputFile=report.json"]);
    const report = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    expect(report).toMatchObject({ success: true, numFailedTests: 0 });
    expect(report.numPassedTests).toBeGreaterThan(3);
    expect(asUser(folder, ["node_modules/typescript/bin/tsc", "--noEmit"])).toBe("");
  },
  SLOW,
);

test(
  "one that is linked to the repository, as by default, has its matchers in its own vitest, and quiet tests",
  async () => {
    const zeta = join(installed.folder, "node_modules/.bin/zeta");
    await installed.run(zeta, ["init", "linked", "--template", TEMPLATES[0], "--zeta", root]);
    const folder = join(installed.folder, "linked");
    await installIn(folder);
    const link = join(folder, "node_modules/zeta");
    rmSync(link, { recursive: true });
    symlinkSync(root, link);
    // The repository has a vitest of its own, and lies where another user may have no way to.
    const node = (...words: readonly string[]) => installed.run("env", ["-C", folder, process.execPath, ...words]);
    expect((await node("node_modules/typescript/bin/tsc", "--noEmit")).stdout).toBe("");
    const { stdout, stderr } = await node("node_modules/vitest/vitest.mjs", "run", "-t", "interpreter", "--bail=1");
    expect(stdout).toMatch(/Tests .*passed/);
    expect(stdout + stderr).not.toMatch(/source map/i);
  },
  SLOW,
);

test("what such a project does not have is named, and how to get it", async () => {
  const folder = join(installed.folder, TEMPLATES[0]);
  const words = ["build", "service.ts", "--ir-builder", "llvm-bindings", "--json"];
  const { stdout, status } = await installed.run("env", ["-C", folder, "node_modules/.bin/zeta", ...words], {
    accept: [3],
  });
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: [{ code: "ZT3105" }] });
  expect(existsSync(join(folder, "build"))).toBe(false);
});
