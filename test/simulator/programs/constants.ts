/**
 * A cluster's times as its programs are loaded with them, by the product's own rounding. A simulated millisecond is a second to them: they
 * count spans of 64 ms, and the simulator's lives and leases are tens of milliseconds.
 */
import { programTimes } from "../../../runtime/cluster/program-times.ts";
import type { Times } from "../../../runtime/cluster/time.ts";

/** Nothing is remembered for longer than these times need: histories are over before a node by itself would forget. */
const NOT_ALONE = { opening: 0, established: 0, closing: 0, udp: 0, icmp: 0, other: 0 };

/** What is no duration. */
const PLAIN: ReadonlySet<string> = new Set<keyof Times>(["chain", "longestPath", "drift"]);
const inSeconds = (times: Times): Times => {
  const slowed = Object.entries(times).map(([name, value]) => [name, PLAIN.has(name) ? value : value * 1000]);
  return Object.fromEntries(slowed) as Times;
};

/** Times may be as wrong as a deliberate bug has them: they are not checked. */
export const constantsFor = (role: "forwarder" | "table", times: Times): Readonly<Record<string, unknown>> =>
  programTimes(role, inSeconds(times), NOT_ALONE);
