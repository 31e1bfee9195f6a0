/** `npm run bench`: compiled programs side by side with hand-written C, all in one run. */
import { execFileSync } from "node:child_process";
import { cases } from "./cases/index.ts";
import { layoutCases, tableCases } from "./cases/tables.ts";
import { measureBuilding } from "./measure/building.ts";
import { clusterIsWanted, measureCluster } from "./measure/cluster/measure.ts";
import { compare } from "./measure/compare.ts";
import { measureMemory } from "./measure/memory.ts";
import { openRoad } from "./measure/road.ts";
import { measureTables } from "./measure/tables.ts";
import { measureYardstick, yardstickIsWanted } from "./measure/yardstick.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import type { AnyRow } from "./report/row.ts";
import { table } from "./report/table.ts";

const BUILT = ["acl", "balancer", "nat64", "syn-defence", "secure-balancer"] as const;
const BUILDS = 5;

async function run({ only, rounds, repeats, cpu }: Options): Promise<AnyRow[]> {
  const wanted = (name: string): boolean => only === null || name.includes(only);
  const rows: AnyRow[] = [];
  for (const example of BUILT)
    if (wanted(`zeta build, ${example}`)) rows.push(...(await measureBuilding(example, BUILDS)));
  rows.push(...(await measureMemory(wanted)));
  // Builds may use every CPU; programs are measured on one, since per-CPU values and caches belong to it.
  if (cpu !== null) execFileSync("taskset", ["-cp", `${cpu}`, `${process.pid}`], { stdio: "pipe" });
  const compared = cases.filter(({ name }) => wanted(name));
  const yardstick = yardstickIsWanted(wanted);
  const cluster = clusterIsWanted(wanted);
  await using road = yardstick || cluster || compared.some(({ routed }) => routed) ? await openRoad() : null;
  for (const one of compared) rows.push(await compare(one, { rounds, repeats }, road?.ingress ?? null));
  // Many, and of interest to who changes the flow table: only when asked for.
  const tables = only === null ? [] : [...tableCases, ...layoutCases].filter(({ name }) => wanted(name));
  for (const one of tables) rows.push(...(await measureTables(one, { rounds, repeats })));
  if (yardstick && road !== null) rows.push(...(await measureYardstick(wanted, { rounds, repeats }, road.ingress)));
  if (cluster && road !== null) rows.push(...(await measureCluster(wanted, { rounds, repeats }, road.ingress)));
  return rows;
}

const options = readOptions(process.argv.slice(2));
if (options === "help") console.log(USAGE);
else {
  const rows = await run(options);
  console.log(options.json ? rows.map((row) => JSON.stringify(row)).join("\n") : table(rows));
}
