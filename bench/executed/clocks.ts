/** The kernel's slow clocks, as programs see them: both stand still between ticks, and machines that were halted have fewer ticks than uptime. */
import { closeSync } from "node:fs";
import { testRun } from "../../runtime/index.ts";
import { exit, instruction, loadInstructions, PROGRAM_TYPE_XDP } from "../../runtime/loader/instructions.ts";
import type { LoadedProgram } from "../../runtime/loader/program.ts";

const call = (helper: number): Buffer => instruction(0x85, 0, 0, helper);
/** r0 >>= 32: a program gives 32 bits. */
const UPPER = instruction(0x77, 0, 0, 32);

function result(...parts: readonly Buffer[]): bigint {
  const fd = loadInstructions(PROGRAM_TYPE_XDP, "zeta_clock", parts);
  if (fd < 0) throw new Error(`The kernel did not take a program that asks for the time: ${fd}.`);
  try {
    return BigInt(testRun({ fd } as LoadedProgram, { packet: new Uint8Array(64) }).action);
  } finally {
    closeSync(fd);
  }
}

/** What the kernel's function of this number gives now. */
function clockNow(helper: 118 | 160): bigint {
  const upper = result(call(helper), UPPER, exit);
  const lower = result(call(helper), exit);
  // The lower half may have come to its end in between.
  return result(call(helper), UPPER, exit) === upper ? (upper << 32n) | lower : clockNow(helper);
}

export interface Clocks {
  readonly ticks: bigint;
  /** Nanoseconds at the last of them. */
  readonly coarse: bigint;
}

export const clocksNow = (): Clocks => ({ ticks: clockNow(118), coarse: clockNow(160) });
