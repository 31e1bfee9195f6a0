/** What compiles, loads: every example, by every toolchain, at every instruction-set level; and by both IR builders alike. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createCompiler, ZetaError } from "../../compiler/index.ts";
import { load, missingCapabilities } from "../../runtime/index.ts";
import { COMBINATIONS, emitted } from "../backend/emit.ts";

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

async function lower(file: string) {
  const result = await compiler.lower(file);
  if (!result.ok) throw new ZetaError(result.problems);
  return result;
}

describe.skipIf(lacking.length > 0)(`the verifier${lacking.length > 0 ? ` (needs ${lacking})` : ""}`, () => {
  test.each(programs)("takes %s as every toolchain makes it", async (file) => {
    const { module, manifest } = await lower(file);
    for (const { llvm, cpu } of COMBINATIONS) {
      const { object } = await emitted(module, { llvm, cpu, irBuilder: "text" });
      using loaded = await load({ object, manifest });
      expect(loaded.programs.size).toBeGreaterThan(0);
    }
  });
});

describe.each(alike)("%s", (file) => {
  test("comes out byte for byte the same by both builders, and by the same builder again", {
    timeout: SLOW,
  }, async () => {
    const target = { llvm: 19, cpu: "v3" } as const;
    const [first, second] = [await lower(file), await lower(file)];
    const text = await emitted(first.module, { ...target, irBuilder: "text" });
    const bindings = await emitted(first.module, { ...target, irBuilder: "llvm-bindings" });
    const again = await emitted(second.module, { ...target, irBuilder: "llvm-bindings" });
    expect(Buffer.from(bindings.object).equals(text.object)).toBe(true);
    expect(Buffer.from(again.object).equals(bindings.object)).toBe(true);
  });
});
