/**
 * Where a lab of the command is: one for each state folder, and its names follow from that folder. So what is left of one is
 * found without any record: after a crash there may be none, or a damaged one.
 *
 *     STATE/lab/lab.json       what it is made of (record.ts)
 *     STATE/lab/view.json      the cluster's store: its newest view, which agents read (runtime/cluster/view-store.ts)
 *     STATE/lab/times.json     its times, with which its nodes are started
 *     STATE/lab/logs/NAME.log  what its processes say
 *     STATE/lab/nodes/NAME     the state folder of a member's node
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { stateFolder } from "../../attach/state.ts";

export interface StandingPlace {
  /** The prefix of its namespaces: `zeta-lab-` and a digest of its folder. Never that of a lab of a test (names.ts). */
  readonly run: string;
  readonly folder: string;
  readonly logs: string;
  /** The cluster's store. */
  readonly store: string;
}

export function placeOf(state?: string): StandingPlace {
  const folder = join(resolve(stateFolder(state)), "lab");
  const digest = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  return { run: `zeta-lab-${digest}`, folder, logs: join(folder, "logs"), store: join(folder, "view.json") };
}

export const timesOf = ({ folder }: StandingPlace): string => join(folder, "times.json");

/** As they are on the machine, whatever a record says. */
export function namespacesOf({ run }: StandingPlace): readonly string[] {
  const all = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
  return all.filter((name) => name.startsWith(`${run}-`));
}

/** Whether anything of a lab is there, whole or not. */
export const isThere = (place: StandingPlace): boolean => existsSync(place.folder) || namespacesOf(place).length > 0;
