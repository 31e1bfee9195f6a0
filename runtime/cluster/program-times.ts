/**
 * A cluster's times as its programs are loaded with them: whole seconds, which they count in spans. What must end is no longer than
 * derived then, and what must last is no shorter.
 */
import type { NodeRole } from "../node/bundle.ts";
import type { Times } from "./time.ts";

/** Milliseconds of a span, at most: at 300 ticks a second (runtime/node/flow-constants.ts). What is measured by them is off by no more than one at either end. */
const SPAN = 107;
/** Programs let a flow live a quarter longer than they are told, and write its life anew when a fifth of that is over (bpf-lib/flow/state.ts). */
const GRANTED = 1.25;
const DUE = 0.25;

/** Seconds for which flows are remembered on a node by itself: `zeta_idle` of bpf-lib/flow/state.ts. */
export const ALONE = { opening: 240, established: 7440, closing: 240, udp: 300, icmp: 60, other: 600 };

/** Whole seconds of a lease; none where it is too short for one. */
export const leaseSeconds = ({ cacheLease }: Times): number => Math.floor((cacheLease - SPAN) / (GRANTED * 1000));
/** Whole seconds of the age at which forwarders give up a packet that is sent back. */
export const resendSeconds = ({ resendAge }: Times): number => Math.floor((resendAge - SPAN) / 1000);
const endedSeconds = ({ tombstone }: Times): number => Math.ceil((tombstone + 2 * SPAN) / 1000);

/** Seconds with which an entry lasts for `life` where its life is written anew in time, and for as long as that goes, where not before it is due. */
function lifeSeconds(life: number, { drift, refresh }: Times): number {
  const rests = life + 2 * SPAN;
  const bySeldom = (rests - (1 + drift) * refresh) / (GRANTED - (1 + drift) * DUE);
  return Math.ceil(Math.max(rests / GRANTED, bySeldom) / 1000);
}

/** @param alone for which kinds of flows are remembered at least, whatever the times need */
export function livesOf(times: Times, alone = ALONE): typeof ALONE {
  const least = lifeSeconds(times.entryLife, times);
  const closing = lifeSeconds(times.closingLife, times);
  return {
    opening: Math.max(alone.opening, least),
    established: Math.max(alone.established, least),
    closing: Math.max(alone.closing, closing),
    udp: Math.max(alone.udp, least),
    icmp: Math.max(alone.icmp, least),
    other: Math.max(alone.other, least),
  };
}

/** What the programs of a role are loaded with; `alone` as in `livesOf`. */
export function programTimes(role: NodeRole, times: Times, alone = ALONE): Readonly<Record<string, unknown>> {
  if (role === "single") return {};
  const zeta_table_resend = resendSeconds(times);
  if (role === "table")
    return { zeta_idle: livesOf(times, alone), zeta_table_ended: endedSeconds(times), zeta_table_resend };
  const lease = leaseSeconds(times);
  const leases = { opening: lease, established: lease, closing: lease, udp: lease, icmp: lease, other: lease };
  return { zeta_idle: leases, zeta_table_resend };
}
