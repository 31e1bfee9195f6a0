/** All programs of a node, as one object. */
export { zeta_forward } from "./forward.ts";
export { zeta_refuse } from "./refuse.ts";
export { zeta_root } from "./root.ts";
export { zeta_settle } from "./settle.ts";
