/** Tells the kernel's ticks and its nanoseconds. */
import { Action, clock, map, program, struct, u64 } from "zeta/bpf";

const times = map.array({ value: struct({ ticks: u64, nanoseconds: u64 }), max: 1 });

export default program("ticking", () => {
  const one = times.at(0);
  if (one === null) return Action.Aborted;
  one.ticks = clock("jiffies");
  one.nanoseconds = clock("monotonic");
  return Action.Pass;
});
