/**
 * Time and randomness on the kernel. Neither can be injected under BPF_PROG_TEST_RUN: a test build of a program reads
 * them from globals instead. Without such globals the kernel's own clock runs, and cannot be moved.
 */

import type { TestGlobals } from "./target.ts";

/** The names a test build gives them: u64 nanoseconds, and the u32 state of the generator. */
export const TEST_CLOCK = "zeta.test_clock";
export const TEST_RANDOM = "zeta.test_random";

export interface TestClock {
  /** False when the program was not built for tests. */
  advance(by: bigint): boolean;
}

export function testClock(globals: TestGlobals, start: { readonly now: bigint; readonly seed: number }): TestClock {
  const movable = globals.names.includes(TEST_CLOCK);
  let now = start.now;
  if (movable) globals.set(TEST_CLOCK, now);
  if (globals.names.includes(TEST_RANDOM)) globals.set(TEST_RANDOM, start.seed);
  return {
    advance(by) {
      if (!movable) return false;
      now += by;
      globals.set(TEST_CLOCK, now);
      return true;
    },
  };
}
