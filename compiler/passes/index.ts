/** The passes between the front end and whatever runs a module. Each keeps its meaning; each can be left out. */
import type { IrFunction, Module } from "../ir/ir.ts";
import { fitFrames } from "./call-depth.ts";
import { removeDead } from "./dead.ts";
import { followPlaces } from "./follow-places.ts";
import { hoistPlaces } from "./hoist-places.ts";
import { useKnown } from "./known.ts";
import { keepMemoryOrder } from "./memory-order.ts";
import { straighten } from "./straighten.ts";
import { threadChoices } from "./thread-choices.ts";
import { widenChecks } from "./widen-checks.ts";

/** Each step decides branches that the next may thread. */
const MOST_STEPS = 4;

const clean = <F extends IrFunction>(fn: F): F => removeDead(useKnown(fn));

function threaded<F extends IrFunction>(fn: F): F {
  let now = fn;
  for (let step = 0; step < MOST_STEPS; step++) {
    const next = threadChoices(now);
    if (next === null) break;
    now = straighten(clean(next));
  }
  return now === fn ? fn : clean(now);
}

type Pass = <F extends IrFunction>(fn: F) => F;

const PASSES: readonly Pass[] = [
  removeDead,
  straighten,
  clean,
  threaded,
  followPlaces,
  clean,
  hoistPlaces,
  widenChecks,
  clean,
  keepMemoryOrder,
  removeDead,
];

const improveFunction: Pass = (fn) => PASSES.reduce((now, pass) => pass(now), fn);

/**
 * Fewer packet tests, no values without a use, no more calls within calls than the kernel has frames. The interpreter and the
 * back end are given the same result.
 */
export function improve(module: Module): Module {
  const fitting = fitFrames(module);
  return {
    ...fitting,
    functions: fitting.functions.map(improveFunction),
    programs: fitting.programs.map(improveFunction),
  };
}
