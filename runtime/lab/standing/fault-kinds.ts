/** Which part of a member fails; by itself, since the command line names them before it loads anything of a lab. */

/** What freezes: nothing that goes to its data plane or comes from it arrives; its agent does nothing. */
export const FAULTS = ["data", "agent", "both"] as const;
export type Fault = (typeof FAULTS)[number];
