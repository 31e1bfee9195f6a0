/** What compiles, loads: every example, by every toolchain, at every instruction-set level; and by both IR builders alike. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Cpu } from "../../compiler/api.ts";
import { createCompiler } from "../../compiler/index.ts";
import { load, missingCapabilities } from "../../runtime/index.ts";

const toolchains: readonly (readonly [number, Cpu])[] = [
  [14, "v2"],
  [14, "v3"],
  [16, "v2"],
  [16, "v3"],
  [19, "v2"],
  [19, "v3"],
  [19, "v4"],
];
const examples = readdirSync("examples")
  .map((name) => join("examples", name, "service.ts"))
  .filter((file) => existsSync(file));
const programs = [...examples, "scripts/demo/service.ts", "test/lab/router.ts"];
/** The node's programs take v3 and long to compile: they are loaded by test/node, and as every toolchain makes them by test:kernels. */
const alike = [...programs, "bpf-lib/node/node.ts"];
/** The node, three times, on a busy machine. Milliseconds. */
const SLOW = 180_000;
const compiler = createCompiler();
const lacking = missingCapabilities();

const objectOf = async (file: string, llvm: number, cpu: Cpu, irBuilder: "text" | "llvm-bindings") => {
  const result = await compiler.compile(file, { llvm, cpu, irBuilder });
  if (!result.ok) throw new Error(result.problems.map(({ code, message }) => `${code}: ${message}`).join("\n"));
  return { manifest: result.manifest, object: result.code.object };
};

describe.skipIf(lacking.length > 0)(`the verifier${lacking.length > 0 ? ` (needs ${lacking})` : ""}`, () => {
  test.each(programs)("takes %s as every toolchain makes it", async (file) => {
    for (const [llvm, cpu] of toolchains) {
      using loaded = await load(await objectOf(file, llvm, cpu, "text"));
      expect(loaded.programs.size).toBeGreaterThan(0);
    }
  });
});

describe.each(alike)("%s", (file) => {
  test("comes out byte for byte the same by both builders, and by the same builder again", {
    timeout: SLOW,
  }, async () => {
    const [text, bindings, again] = [
      await objectOf(file, 19, "v3", "text"),
      await objectOf(file, 19, "v3", "llvm-bindings"),
      await objectOf(file, 19, "v3", "llvm-bindings"),
    ];
    expect(Buffer.from(bindings.object).equals(text.object)).toBe(true);
    expect(Buffer.from(again.object).equals(bindings.object)).toBe(true);
  });
});
