/** What the command loads before it knows that it is needed: each of these takes tens of milliseconds. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { zeta } from "./command.ts";

const HEAVY = ["node:http", "zod", "koffi", "typescript", "llvm-bindings"] as const;

/** Those of the heavy modules that a command has loaded, by ES modules or CommonJS. */
function loaded(...words: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "zeta-startup-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [hook, list] = [join(folder, "hook.mjs"), join(folder, "loaded")];
  writeFileSync(
    hook,
    `import { appendFileSync } from "node:fs";
     import { registerHooks } from "node:module";
     registerHooks({ load: (url, context, next) => (appendFileSync(${JSON.stringify(list)}, url + "\\n"), next(url, context)) });`,
  );
  const { code, stderr } = zeta(words, { env: { NODE_OPTIONS: `--import=${pathToFileURL(hook).href}` } });
  expect(code, stderr).toBe(0);
  const urls = readFileSync(list, "utf8").split("\n");
  return HEAVY.filter((name) => urls.some((url) => url === name || url.includes(`/node_modules/${name}/`)));
}

test("help and explanations load nothing of it", () => {
  expect(loaded("--help")).toEqual([]);
  expect(loaded("explain", "ZT2010")).toEqual([]);
});

test("a check loads TypeScript alone", () => {
  expect(loaded("check", "examples/acl/service.ts")).toEqual(["typescript"]);
});

test("a build that nothing is written of does without zod and libbpf", () => {
  expect(loaded("build", "examples/acl/service.ts", "--emit", "asm")).toEqual(["typescript", "llvm-bindings"]);
});
