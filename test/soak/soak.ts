/** Views changed at random for a while, under all kinds of traffic; and what became of it. */
import { setTimeout as pause } from "node:timers/promises";
import { random } from "../kit/random.ts";
import { newTally, useAll } from "./clients.ts";
import { disagreements, readDecisions } from "./decisions.ts";
import { countOperations, type OperationCounts } from "./operations.ts";
import { startViews, type ViewChanges } from "./views.ts";
import type { World } from "./world.ts";

export interface SoakOptions {
  readonly seconds: number;
  /** It lasts longer until there were so many: a busy machine takes seconds to change a view. 0 unless told. */
  readonly leastEpochs?: number;
  readonly seed: number;
  readonly tell?: (what: string) => void;
}

export interface SoakSummary {
  readonly seconds: number;
  readonly seed: number;
  /** TCP connections, UDP sockets and questions, and runs of ping. */
  readonly connections: number;
  /** Of these, those that failed or ended before their time. */
  readonly broken: number;
  /** Flows of which two members had different decisions, and answers by UDP that show another than their socket's first. */
  readonly wrongDecisions: number;
  /** Operations of another epoch, which went back to their forwarders. */
  readonly bounces: number;
  readonly epochs: number;
  readonly views: ViewChanges["actions"];
  /** Seconds from when a member was frozen until all the others acted by a view without it: at most. */
  readonly longestLoss: number;
  readonly operations: OperationCounts;
  /** By iperf3 and ping. Those on their way to a member that is frozen are lost. */
  readonly datagrams: { readonly sent: number; readonly lost: number };
  /** Seconds for which some socket, asking five times a second, had no answer. */
  readonly longestSilence: number;
  /** What was broken or wrong, in words. */
  readonly faults: readonly string[];
}

/** Milliseconds between two looks at all tables; and at how many views there were, when the time is up. */
const LOOK = 15_000;
const LATE_LOOK = 1000;

export async function soak(world: World, { seconds, leastEpochs = 0, seed, tell }: SoakOptions): Promise<SoakSummary> {
  const { place, record } = world;
  const began = performance.now();
  const left = (): number => began + 1000 * seconds - performance.now();
  const tally = newTally();
  const operations = await countOperations(world.namespace("wire"));
  const views = startViews(world, random(seed));
  const isOver = (): boolean => left() <= 0 && views.told().epochs >= leastEpochs;
  const wrong = new Set<string>();
  const look = async (): Promise<void> => {
    const all = await readDecisions(place, record);
    for (const one of disagreements(all)) wrong.add(one);
    const { epochs } = views.told();
    tell?.(`${epochs} epochs, ${all.size} flows, ${tally.connections} connections, ${tally.broken.length} broken`);
  };
  const looks = async (): Promise<void> => {
    for (; !isOver(); await pause(left() > 0 ? Math.min(LOOK, left()) : LATE_LOOK)) await look();
    views.end();
  };
  await Promise.all([useAll({ world, tally, isOver }), views.run(), looks()]);
  await look();
  const counts = await operations();
  const changed = tally.asked.reduce((sum, one) => sum + one.changed, 0);
  const { epochs, longestLoss, actions } = views.told();
  return {
    seconds,
    seed,
    connections: tally.connections,
    broken: tally.broken.length,
    wrongDecisions: wrong.size + changed,
    bounces: counts.stale,
    epochs,
    views: actions,
    longestLoss,
    operations: counts,
    datagrams: tally.datagrams,
    longestSilence: Math.max(...tally.asked.map(({ longestSilence }) => longestSilence)),
    faults: [...tally.broken, ...wrong],
  };
}
