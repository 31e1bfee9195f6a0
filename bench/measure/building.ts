/** How long building takes: the whole command from a cold start, and an edited file in a compiler that stays. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCompiler } from "../../compiler/index.ts";
import type { BuildRow } from "../report/row.ts";
import { type Spread, spread } from "./statistics.ts";

const COLD_TARGET = 1500;
const WATCH_TARGET = 400;

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

const milliseconds = (values: readonly number[]): Spread => {
  const { min, median } = spread(values);
  return { min: Math.round(min), median: Math.round(median) };
};

/** As it is installed: in a process of its own. */
function cold(source: string, out: string): number {
  const begin = performance.now();
  execFileSync(process.execPath, [path("dist/cli.js"), "build", source, "--out", out], { stdio: "pipe" });
  return performance.now() - begin;
}

async function watched(source: string, times: number): Promise<number[]> {
  const compiler = createCompiler();
  const text = readFileSync(source, "utf8");
  await compiler.compile(source);
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const files = new Map([[source, `${text}\n// edit ${i}\n`]]);
    const begin = performance.now();
    // As `zeta build --watch` does.
    const { ok } = await compiler.compile(source, { files, traces: false });
    taken.push(performance.now() - begin);
    if (!ok) throw new Error(`'${source}' does not compile`);
  }
  return taken;
}

export async function measureBuilding(example: string, rounds: number): Promise<readonly BuildRow[]> {
  const source = path(`examples/${example}/service.ts`);
  const folder = mkdtempSync(join(tmpdir(), "zeta-bench-"));
  try {
    const colds = Array.from({ length: rounds }, (_, i) => cold(source, join(folder, `${i}`)));
    const edits = await watched(source, rounds);
    return [
      { name: `zeta build, ${example}, cold`, milliseconds: milliseconds(colds), target: COLD_TARGET },
      { name: `zeta build, ${example}, after an edit`, milliseconds: milliseconds(edits), target: WATCH_TARGET },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
