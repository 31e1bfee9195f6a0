/** Where interpreted programs take the time from. */

/** Nanoseconds, and ticks for `jiffies`. */
export interface Times {
  readonly monotonic: bigint;
  readonly coarse: bigint;
  readonly boot: bigint;
  readonly jiffies: bigint;
}

/** A plain bigint is nanoseconds on every clock. */
export type Now = () => bigint | Times;

export type ClockName = keyof Times;

/** CONFIG_HZ of Debian's kernels. */
const TICKS_PER_SECOND = 250n;

export function readClock(now: Now, clock: ClockName): bigint {
  const time = now();
  if (typeof time !== "bigint") return BigInt.asUintN(64, time[clock]);
  return BigInt.asUintN(64, clock === "jiffies" ? (time * TICKS_PER_SECOND) / 1_000_000_000n : time);
}
