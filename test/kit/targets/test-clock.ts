/**
 * Time, randomness and routes of a program that was built for tests: it reads them from globals, since none of them can
 * be injected under BPF_PROG_TEST_RUN. A program without such globals runs by the target's own clock.
 */
import { TEST_CLOCK, TEST_RANDOM, TEST_ROUTE } from "../../../compiler/passes/test-build.ts";
import type { TargetOptions, TestGlobals } from "./target.ts";

/** BPF_FIB_LKUP_RET_NOT_FWDED: the kernel would not send it on. */
const NO_ROUTE = 4;
const ROUTE_INTERFACE = 2;
const ROUTE_MTU = 1500;

export interface TestClock {
  /** False when the program was not built for tests. */
  advance(by: bigint): boolean;
}

function testGlobals(names: readonly string[], options: TargetOptions): Record<string, unknown> {
  const { clock = 0n, seed = 0, route = ROUTE_INTERFACE, mtu = ROUTE_MTU } = options;
  const values = {
    [TEST_CLOCK]: clock,
    [TEST_RANDOM]: BigInt(seed),
    [TEST_ROUTE]: route === null ? { result: NO_ROUTE, interface: 0, mtu } : { result: 0, interface: route, mtu },
  };
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

export function testClock(globals: TestGlobals, options: TargetOptions): TestClock {
  for (const [name, value] of Object.entries(testGlobals(globals.names, options))) globals.set(name, value);
  const movable = globals.names.includes(TEST_CLOCK);
  let now = options.clock ?? 0n;
  return {
    advance(by) {
      if (!movable) return false;
      now += by;
      globals.set(TEST_CLOCK, now);
      return true;
    },
  };
}
