/** The flow tables' time, as the data plane has it. */
import type { LoadedObject } from "../loader/load.ts";
import { testRun } from "../loader/test-run.ts";

/** Ethernet's shortest frame: test runs want one. */
const FRAME = new Uint8Array(64);

/** Now, in spans. */
export const spansNow = (object: LoadedObject): number => testRun(object.program("zeta_now"), { packet: FRAME }).action;
