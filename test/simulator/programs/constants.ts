/**
 * A cluster's times as its programs are told them. A simulated millisecond is a second to them: they count spans of 64 ms, and
 * the simulator's lives and leases are tens of milliseconds.
 */
import type { Times } from "../../../runtime/cluster/time.ts";

/** Programs let a flow live a quarter longer than they promise, and write its life anew when a fifth of that is over. */
const GRANTED = 1.25;
/** That fifth: what goes by from one write of an entry's life to the next, at most. */
export const DUE = 0.2;

/** No longer than told: what must end. */
const within = (milliseconds: number): number => Math.floor((milliseconds - 1) / GRANTED);
/** No shorter: what must last. */
const beyond = (milliseconds: number): number => Math.ceil(milliseconds / GRANTED);

const lives = (each: number, closing: number) => ({
  opening: each,
  established: each,
  closing,
  udp: each,
  icmp: each,
  other: each,
});

export function constantsFor(role: "forwarder" | "table", times: Times): Readonly<Record<string, unknown>> {
  const { cacheLease, entryLife, closingLife, tombstone } = times;
  const zeta_table_resend = Math.floor(cacheLease);
  if (role === "forwarder") return { zeta_idle: lives(within(cacheLease), within(cacheLease)), zeta_table_resend };
  const zeta_idle = lives(beyond(entryLife), beyond(closingLife));
  return { zeta_idle, zeta_table_ended: Math.ceil(tombstone), zeta_table_resend };
}
