/** The passes between the front end and whatever runs a module. Each keeps its meaning; each can be left out. */
import type { IrFunction, Module } from "../ir/ir.ts";
import { removeDead } from "./dead.ts";
import { hoistPlaces } from "./hoist-places.ts";
import { useKnown } from "./known.ts";
import { widenChecks } from "./widen-checks.ts";

const improveFunction = <F extends IrFunction>(fn: F): F =>
  removeDead(useKnown(widenChecks(hoistPlaces(removeDead(useKnown(removeDead(fn)))))));

/** Fewer packet tests, no values without a use. The interpreter and the back end are given the same result. */
export const improve = (module: Module): Module => ({
  ...module,
  functions: module.functions.map(improveFunction),
  programs: module.programs.map(improveFunction),
});
