/** Programs that only a node that traces has. */
export { zeta_proceed } from "../trace/proceed.ts";
export { zeta_watch } from "../trace/watch.ts";
