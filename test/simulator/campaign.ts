/** Many histories, one after the other: what `npm run simulate` and the tests run. */
import { model } from "./model/cluster.ts";
import { RULES, type Rules } from "./model/rules.ts";
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

/** As `npm run simulate -- --json` prints it, but for `failures`. */
export interface Summary {
  readonly histories: number;
  readonly events: number;
  /** That tenants sent, and that left the cluster. */
  readonly packets: number;
  readonly releases: number;
  /** Decisions by which packets left. */
  readonly flows: number;
  readonly epochs: number;
  readonly violations: number;
  readonly seed: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
}

export function campaign(options: Campaign): Summary {
  const { seed, shape = USUAL, play = byModel() } = options;
  const sum = { histories: 0, events: 0, packets: 0, releases: 0, flows: 0, epochs: 0 };
  const faults: Record<string, number> = {};
  const failures: Failure[] = [];
  while (sum.histories < options.histories && !(options.untilViolated === true && failures.length > 0)) {
    const own = seed + sum.histories;
    const plan = planOf(own, shape);
    const outcome = play(plan);
    sum.histories += 1;
    for (const name of ["events", "packets", "releases", "flows", "epochs"] as const) sum[name] += outcome[name];
    for (const [kind, count] of Object.entries(outcome.faults)) faults[kind] = (faults[kind] ?? 0) + count;
    if (outcome.violation !== null) failures.push({ seed: own, plan, outcome });
    options.onHistory?.(sum.histories);
  }
  return { ...sum, violations: failures.length, seed, faults, failures };
}

/** A failure as a short history in words: what concerns its flows, and all that happens to nodes and views. */
export function inWords({ plan, outcome }: Failure, play: Play = byModel()): readonly string[] {
  const { violation } = outcome;
  if (violation === null) return [];
  const fails = (shorter: Plan): boolean => play(shorter).violation?.invariant === violation.invariant;
  const short = shrink(plan, violation.flow, violation.at, fails);
  const { lines } = play(short, true);
  const flows = new Set(short.actions.map(({ flow }) => flow));
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
