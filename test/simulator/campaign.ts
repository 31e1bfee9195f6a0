/** Many histories, one after the other: what `npm run simulate` and the tests run. */
import { model } from "./model/cluster.ts";
import { RULES, type Rules } from "./model/rules.ts";
import { type Carried, carriedTogether } from "./network.ts";
import { BUCKETS_USED, type Plan, planOf, type Shape, USUAL } from "./plan.ts";
import { shrink } from "./shrink.ts";
import { type Outcome, simulate } from "./simulation.ts";

/** Plays a history; `inWords` keeps what happens, line by line. */
export type Play = (plan: Plan, inWords?: boolean) => Outcome;

/** By the model, with these rules. */
export const byModel =
  (rules: Rules = RULES): Play =>
  (plan, inWords) =>
    simulate(plan, model(BUCKETS_USED, rules), inWords);

export interface Campaign {
  readonly histories: number;
  readonly seed: number;
  readonly shape?: Shape | undefined;
  /** What the cluster is made of: the model with all rules unless told. */
  readonly play?: Play | undefined;
  /** Ends with the first violation. */
  readonly untilViolated?: boolean | undefined;
  readonly onHistory?: ((done: number) => void) | undefined;
}

export interface Failure {
  readonly seed: number;
  readonly plan: Plan;
  readonly outcome: Outcome;
}

/** What a history must have had some of. */
export const COUNTED = ["packets", "flows", "faults"] as const;

/** What there was, in all histories together. */
export interface Tally {
  readonly histories: number;
  readonly events: number;
  /** That clients and servers sent; that left the cluster; decisions by which some did. */
  readonly packets: number;
  readonly releases: number;
  readonly flows: number;
  /** Views. */
  readonly epochs: number;
  /** Connections that stood when failures stopped, and went on. */
  readonly stood: number;
  /** Histories that break an invariant. */
  readonly violations: number;
  /** Of the first history; the next has the next number. */
  readonly seed: number;
  /** How many there were of each kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Frames between nodes, and what became of them besides. */
  readonly network: Carried;
  /** Nodes whose clocks ran faster than time itself, or slower. */
  readonly drifting: number;
  /** Every history that breaks none had so many at least. */
  readonly least: Readonly<Record<(typeof COUNTED)[number], number>>;
}

export interface Summary extends Tally {
  readonly failures: readonly Failure[];
}

export function campaign(options: Campaign): Summary {
  const { seed, shape = USUAL, play = byModel() } = options;
  const sum = { histories: 0, events: 0, packets: 0, releases: 0, flows: 0, epochs: 0, stood: 0 };
  const faults: Record<string, number> = {};
  const least = {
    packets: Number.POSITIVE_INFINITY,
    flows: Number.POSITIVE_INFINITY,
    faults: Number.POSITIVE_INFINITY,
  };
  const failures: Failure[] = [];
  const network: Carried[] = [];
  let drifting = 0;
  while (sum.histories < options.histories && !(options.untilViolated === true && failures.length > 0)) {
    const own = seed + sum.histories;
    const plan = planOf(own, shape);
    const outcome = play(plan);
    sum.histories += 1;
    for (const name of ["events", "packets", "releases", "flows", "epochs", "stood"] as const)
      sum[name] += outcome[name];
    for (const [kind, count] of Object.entries(outcome.faults)) faults[kind] = (faults[kind] ?? 0) + count;
    network.push(outcome.network);
    for (const { rate } of plan.clocks.values()) drifting += rate === 1 ? 0 : 1;
    const has = { ...outcome, faults: Object.values(outcome.faults).reduce((all, one) => all + one, 0) };
    if (outcome.violation !== null) failures.push({ seed: own, plan, outcome });
    else for (const name of COUNTED) least[name] = Math.min(least[name], has[name]);
    options.onHistory?.(sum.histories);
  }
  return {
    ...sum,
    violations: failures.length,
    seed,
    faults,
    network: carriedTogether(network),
    drifting,
    least,
    failures,
  };
}

/** A failure as a short history in words: what concerns its flows, and all that happens to nodes and views. */
export function inWords({ plan, outcome }: Failure, play: Play = byModel()): readonly string[] {
  const { violation } = outcome;
  if (violation === null) return [];
  const fails = (shorter: Plan): boolean => play(shorter).violation?.invariant === violation.invariant;
  const short = shrink(plan, violation.flow, violation.at, fails);
  const { lines } = play(short, true);
  const flows = new Set([violation.flow, ...short.actions.map(({ flow }) => flow)]);
  const isOurs = (line: string): boolean => {
    const [, flow] = /flow (\d+)/.exec(line) ?? [];
    return flow === undefined || flows.has(Number(flow));
  };
  // Probes when all is well again are of interest only where those go wrong.
  const end = lines.findIndex((line) => line.includes("all faults end"));
  const kept = violation.invariant === "Progress" || end === -1 ? lines : [...lines.slice(0, end), ...lines.slice(-1)];
  const head = `chain of ${plan.times.chain}, seed ${plan.seed}, made of ${short.actions.length} packets and ${short.faults.length} faults`;
  return [head, ...kept.filter(isOurs)];
}
