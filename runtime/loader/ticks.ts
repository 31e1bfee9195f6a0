/** The kernel's tick rate, HZ. */
import { openLibrary } from "./library.ts";

const CLOCK_MONOTONIC_COARSE = 6;
const NANOSECONDS = 1_000_000_000;

/**
 * Ticks in a second: 100, 250, 300 or 1000. The coarse clock advances once in a tick, so its resolution is a tick's length;
 * sysconf(_SC_CLK_TCK) is always 100, and the kernel's configuration is not everywhere to be read.
 */
export async function tickRate(): Promise<number> {
  const { libc } = await openLibrary();
  // struct timespec: seconds and nanoseconds.
  const resolution = Buffer.alloc(16);
  if (libc.clock_getres(CLOCK_MONOTONIC_COARSE, resolution) !== 0) throw new Error("the kernel has no coarse clock");
  return Math.round(NANOSECONDS / Number(resolution.readBigInt64LE(8)));
}
