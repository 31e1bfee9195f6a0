/** The programs of a cluster's nodes, as every toolchain makes them, pass the verifier; those of LLVM 19 for v3 are what all other tests run. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { type Compiler, createCompiler } from "../../compiler/index.ts";
import { packageRoot } from "../../compiler/package-root.ts";
import { PROGRAMS_OF } from "../../runtime/node/bundle.ts";
import { openNode } from "../../runtime/node/node.ts";

let compiler: Compiler;
beforeAll(() => {
  compiler = createCompiler();
});

test.each(["forwarder", "table"] as const)(
  "%s",
  async (role) => {
    for (const [llvm, cpu] of [
      [14, "v3"],
      [16, "v3"],
      [19, "v4"],
    ] as const) {
      const result = await compiler.compile(join(packageRoot(), PROGRAMS_OF[role].source), { llvm, cpu });
      if (!result.ok) throw new ZetaError(result.problems);
      using node = await openNode({
        role,
        flows: 1000,
        source: { object: result.code.object, manifest: result.manifest },
      });
      expect(node.cluster).not.toBeNull();
    }
  },
  600_000,
);
