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
const compiler = createCompiler();
const lacking = missingCapabilities();

const objectOf = async (file: string, llvm: number, cpu: Cpu, irBuilder: "text" | "llvm-bindings") => {
  const result = await compiler.compile(file, { llvm, cpu, irBuilder });
  if (!result.ok) throw new Error(result.problems.map(({ code, message }) => `${code}: ${message}`).join("\n"));
  return { manifest: result.manifest, object: result.code.object };
};

describe.each(programs)("%s", (file) => {
  test.skipIf(lacking.length > 0)(
    `passes the verifier as every toolchain makes it${lacking.length > 0 ? ` (needs ${lacking})` : ""}`,
    async () => {
      for (const [llvm, cpu] of toolchains) {
        using loaded = await load(await objectOf(file, llvm, cpu, "text"));
        expect(loaded.programs.size).toBeGreaterThan(0);
      }
    },
  );

  test("comes out byte for byte the same by both builders, and by the same builder again", async () => {
    const [text, bindings, again] = [
      await objectOf(file, 19, "v3", "text"),
      await objectOf(file, 19, "v3", "llvm-bindings"),
      await objectOf(file, 19, "v3", "llvm-bindings"),
    ];
    expect(Buffer.from(bindings.object).equals(text.object)).toBe(true);
    expect(Buffer.from(again.object).equals(bindings.object)).toBe(true);
  });
});
