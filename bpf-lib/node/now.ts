/** The flow tables' time, for the agent: no packet's program. It is run by test run, and its result is the time in spans. */
import { type Action, program } from "zeta/bpf";
import { spansNow } from "../flow/time.ts";

export const zeta_now = program("zeta_now", () => spansNow() as Action);
