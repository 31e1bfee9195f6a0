/** Measures the rows of a cluster's nodes. */
import { CHAINS, clusterCases, HOPS, newFlow } from "../../cases/cluster.ts";
import type { AnyRow } from "../../report/row.ts";
import type { RoundOptions } from "../rounds.ts";
import type { Ingress } from "../subject.ts";
import { measureKnown } from "./known.ts";
import { openCluster } from "./sides.ts";
import { measureSipHash, SIPHASH_ROWS } from "./siphash.ts";
import { measureNewFlow } from "./walked.ts";

/** Flows that tables have room for which are emptied again and again. */
const ROOM = 2 ** 17;
const hopNames: readonly string[] = HOPS.map(([name]) => `cluster, ${name}`);

type Wanted = (name: string) => boolean;
const wantsHops = (wanted: Wanted): boolean => hopNames.some(wanted);
const chainsOf = (wanted: Wanted): readonly number[] =>
  CHAINS.filter((length) => wanted(newFlow(length)) || (length === Math.max(...CHAINS) && wantsHops(wanted)));

export async function measureCluster(
  wanted: Wanted,
  options: RoundOptions,
  ingress: Ingress,
): Promise<readonly AnyRow[]> {
  const rows: AnyRow[] = [];
  const chains = chainsOf(wanted);
  if (chains.length > 0) {
    using cluster = await openCluster(ROOM, ingress);
    for (const length of chains) {
      const { flow, hops } = await measureNewFlow(cluster, length, options, ingress);
      rows.push(...[...hops, flow].filter(({ name }) => wanted(name)));
    }
  }
  const cases = clusterCases.filter(({ name }) => wanted(name));
  rows.push(...(await measureKnown(cases, options, ingress)));
  if (SIPHASH_ROWS.some(wanted)) rows.push(...(await measureSipHash(options)));
  return rows;
}

export const clusterIsWanted = (wanted: Wanted): boolean =>
  chainsOf(wanted).length > 0 || SIPHASH_ROWS.some(wanted) || clusterCases.some(({ name }) => wanted(name));
