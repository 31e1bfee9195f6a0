/** Reasons of the node's drops have a place each: one too many would be counted as another service's. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createCompiler } from "../../compiler/index.ts";
import { MOST_REASONS } from "../../runtime/node/shapes.ts";

test("there are no more than there are places", async () => {
  const lowered = await createCompiler().lower(fileURLToPath(new URL("../../bpf-lib/node/node.ts", import.meta.url)));
  const drops = lowered.ok ? (lowered.manifest.node?.drops ?? []) : [];
  expect(drops.length).toBeGreaterThan(20);
  expect(drops.length).toBeLessThanOrEqual(MOST_REASONS);
});
