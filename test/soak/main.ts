/**
 * `npm run soak -- --seconds N --seed S --json`: a cluster in namespaces, whose views change at random under traffic. The exit code
 * is 1 when a connection breaks or a decision changes; which ones is told in words.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type SoakSummary, soak } from "./soak.ts";
import { buildWorld } from "./world.ts";

const USAGE = `npm run soak -- [options]
  --seconds N  how long views change (600)
  --seed S     of what becomes of them (1)
  --json       nothing but the summary's line on standard output`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
const LARGE = 4 * 2 ** 20;

async function main(): Promise<SoakSummary> {
  const state = mkdtempSync(join(tmpdir(), "zeta-soak-"));
  try {
    await using world = await buildWorld(state, LARGE);
    const tell = values.json ? {} : { tell: (what: string) => console.error(what) };
    return await soak(world, { seconds, seed, ...tell });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

if (values.help) console.log(USAGE);
else if (![seconds, seed].every((value) => Number.isInteger(value) && value >= 0)) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const { faults, ...summary } = await main();
  for (const fault of faults.slice(0, 50)) console.error(fault);
  console.log(JSON.stringify(summary));
  process.exitCode = summary.broken + summary.wrongDecisions === 0 ? 0 : 1;
}
