/** The programs of a cluster's nodes, as every toolchain makes them, pass the verifier; those of LLVM 19 for v3 are what all other tests run. */
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { type Compiler, createCompiler } from "../../compiler/index.ts";
import { packageRoot } from "../../compiler/package-root.ts";
import { PROGRAMS_OF } from "../../runtime/node/bundle.ts";
import { openNode } from "../../runtime/node/node.ts";
import { emitted } from "../backend/emit.ts";

let compiler: Compiler;
beforeAll(() => {
  compiler = createCompiler();
});

test.each(["forwarder", "table"] as const)(
  "%s",
  async (role) => {
    const lowered = await compiler.lower(join(packageRoot(), PROGRAMS_OF[role].source));
    if (!lowered.ok) throw new ZetaError(lowered.problems);
    const { module, manifest } = lowered;
    for (const [llvm, cpu] of [
      [14, "v3"],
      [16, "v3"],
      [19, "v4"],
    ] as const) {
      const { object } = await emitted(module, { llvm, cpu });
      using node = await openNode({ role, flows: 1000, source: { object, manifest } });
      expect(node.cluster).not.toBeNull();
    }
  },
  600_000,
);
