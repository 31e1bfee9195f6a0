/** Histories of clusters that run the product's own programs. */
import type { Play } from "../campaign.ts";
import { simulate } from "../simulation.ts";
import { interpreted } from "./cluster.ts";
import type { Programs } from "./compiled.ts";

export const byPrograms =
  (programs: Programs): Play =>
  (plan, inWords) =>
    simulate(plan, interpreted(plan, programs), inWords);
