/** Every table loads, whichever LLVM made it and for whichever instruction set; v2 has spin locks only. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { load } from "../../runtime/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";

const lacking = missingCapabilities();
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;
const compiler = createCompiler();

for (const name of ["small", "large", "cache", "long"])
  for (const llvm of [14, 16, 19])
    test.skipIf(reason !== "")(`${name}: LLVM ${llvm}${reason}`, async () => {
      const source = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
      const result = await compiler.compile(source, { llvm, cpu: "v3" });
      if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
      using loaded = await load({ object: result.code.object, manifest: result.manifest });
      expect(loaded.program(name).information.instructions).toBeGreaterThan(0);
    });
