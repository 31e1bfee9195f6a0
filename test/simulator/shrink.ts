/** A failing history, made short: what can be left out of it while the same invariant breaks is left out. */
import { CALM } from "./fate.ts";
import type { Plan } from "./plan.ts";

/** Whether the plan still fails in the same way. */
export type Fails = (plan: Plan) => boolean;

/** Removes what can be spared from a list, in ever smaller pieces. */
function spared<T>(items: readonly T[], fails: (rest: readonly T[]) => boolean): readonly T[] {
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1; ) {
    let removed = false;
    for (let start = 0; start < kept.length; ) {
      const rest = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (rest.length < kept.length && fails(rest)) {
        kept = rest;
        removed = true;
      } else start += size;
    }
    if (size === 1 && !removed) break;
    size = size > 1 ? Math.floor(size / 2) : 1;
  }
  return kept;
}

/** `flow` is the one that the violation speaks of, `at` when it happened. */
export function shrink(plan: Plan, flow: number, at: number, fails: Fails): Plan {
  let best = plan;
  const attempt = (change: Partial<Plan>): boolean => {
    const changed = { ...best, ...change };
    if (!fails(changed)) return false;
    best = changed;
    return true;
  };
  attempt({
    actions: best.actions.filter((action) => action.at <= at),
    faults: best.faults.filter((one) => one.at <= at),
  });
  const { bucket } = plan.flows[flow] ?? { bucket: -1 };
  const isNear = (index: number): boolean => plan.flows[index]?.bucket === bucket;
  attempt({ actions: best.actions.filter((action) => action.flow === flow) }) ||
    attempt({ actions: best.actions.filter((action) => isNear(action.flow)) });
  attempt({ tried: [flow] });
  attempt({ weather: CALM });
  for (const name of ["loss", "duplication", "late", "latest"] as const)
    attempt({ weather: { ...best.weather, [name]: 0 } });
  attempt({ clocks: new Map([...best.clocks].map(([node, { offset }]) => [node, { rate: 1, offset }])) });
  best = { ...best, faults: spared(best.faults, (faults) => fails({ ...best, faults })) };
  best = { ...best, actions: spared(best.actions, (actions) => fails({ ...best, actions })) };
  best = { ...best, faults: spared(best.faults, (faults) => fails({ ...best, faults })) };
  return best;
}
