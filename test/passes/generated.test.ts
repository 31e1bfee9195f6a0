/** Generated programs before and after the passes, both interpreted: the kernel only ever sees the improved ones. */
import path from "node:path";
import { expect, test } from "vitest";
import { lowerFile } from "../../compiler/frontend/index.ts";
import { SourceCache } from "../../compiler/frontend/program.ts";
import type { Module } from "../../compiler/ir/ir.ts";
import { irViolations } from "../../compiler/ir/verify.ts";
import { packageRoot } from "../../compiler/package-root.ts";
import { improve } from "../../compiler/passes/index.ts";
import { caseOf, unitOf } from "../fuzz/campaign.ts";
import { duel } from "../fuzz/duel.ts";
import { interpreterSide } from "../fuzz/targets/interpreter.ts";
import { sourceOf, type Unit } from "../fuzz/unit.ts";

/** Programs are lowered together: a compilation costs far more than a program. */
const BATCH = 20;
const BATCHES = Number(process.env.ZETA_PASSES_BATCHES ?? 3);
const SEED = 2026;
const PACKETS = 24;
const FILE = path.join(packageRoot(), ".zeta", "passes", "generated.ts");

const cache = new SourceCache();
const unitAt = (index: number): Unit => unitOf(SEED, index, { cpu: "v3", llvm: null });

/** As the front end wrote it. Programs that it refuses are left out: the fuzzer tells of those. */
function written(units: readonly Unit[]): { readonly units: readonly Unit[]; readonly module: Module } | null {
  const source = sourceOf(units);
  const result = lowerFile(FILE, { cache, files: new Map([[FILE, source.text]]) });
  if (result.ok) return { units, module: result.module };
  const refused = new Set(result.problems.map(({ at }) => (at === null ? undefined : source.unitAt(at.line))));
  const left = units.filter((unit) => !refused.has(unit));
  return left.length === 0 || left.length === units.length ? null : written(left);
}

test.each(Array.from({ length: BATCHES }, (_, batch) => batch))("batch %i means the same after the passes", (batch) => {
  const numbers = new Map(Array.from({ length: BATCH }, (_, i) => [unitAt(batch * BATCH + i), batch * BATCH + i]));
  const before = written([...numbers.keys()]);
  expect(before).not.toBeNull();
  if (before === null) return;
  const after = improve(before.module);
  expect(irViolations(after, { bounds: false })).toEqual([]);
  const sides = [interpreterSide(before.module, 2, 0), interpreterSide(after, 2, 0)] as const;
  for (const unit of before.units) {
    const { packets, seed } = caseOf(SEED, numbers.get(unit) ?? 0, PACKETS);
    expect(duel(unit, before.module, sides, packets, seed), unit.text).toBeNull();
  }
});
