/** Middleboxes that only decide: each forwards, and does no more. */
import { middlebox } from "zeta";

export const decider = (name: string) => middlebox(name, { decide: (flow) => flow.forward() });
