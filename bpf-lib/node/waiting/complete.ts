/** After a service was asked about a packet that a flow may have waited for: it waits on, it is shifted from now on, or it ends. */
import { Action, barrier, program, u16, type u32 } from "zeta/bpf";
import { OutcomeKind } from "../../../sdk/middlebox/internal.ts";
import { otherOf } from "../../flow/commit.ts";
import { Change } from "../../flow/entry.ts";
import { FlowState } from "../../flow/state.ts";
import { type Entry, type Family, isReply } from "../../flow/table.ts";
import { spansNow } from "../../flow/time.ts";
import type { Found } from "../../flow/ways.ts";
import { type Parts, tcpOf } from "../../packet/open.ts";
import { Point } from "../../trace/record.ts";
import { step } from "../../trace/trace.ts";
import type { Call } from "../call.ts";
import { because } from "../drops.ts";
import { lookAgain, refused, withPacketOfFamily } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";

/** Whether it answers the SYN that was sent, as a host that sent one would ask (RFC 9293 section 3.10.7.3). */
const isAnswer = (parts: Parts, family: Family, { way, index }: Found<Entry>): boolean => {
  const tcp = tcpOf(parts);
  const beside = way === null ? null : family.beside(way, index);
  return tcp !== null && beside !== null && tcp.control.ack === 1 && tcp.acknowledgement === beside.note;
};

/** Both directions, one after the other: a packet that finds one shifted and the other waiting is sent again, as any that is lost. */
export const shift = (family: Family, replies: Found<Entry>, client: Found<Entry>, by: u32): boolean => {
  for (const { way, index } of [client, replies]) {
    if (way === null) return false;
    const beside = family.beside(way, index);
    if (beside === null) return false;
    beside.shift = by;
    // Whoever sees that it is shifted sees by how much.
    barrier();
    way.change = u16((way.change & ~Change.Pending) | Change.Shifted);
  }
  return true;
};

/** What becomes of a flow whose service ends it, and of the packet that it was asked about. `found` is the direction of replies. */
type End = (parts: Parts, family: Family, call: Call, found: Found<Entry>, client: Found<Entry>) => Action;

/**
 * A direction of a flow that is over. Its life ends here and now, which needs no lock: whoever listens hears of it by the sweeper
 * (runtime/node/sweeper.ts), as of those that idle.
 */
const end = ({ way }: Found<Entry>, now: u32): void => {
  if (way === null) return;
  way.state = FlowState.Closing;
  way.until = now;
};

const endHere: End = (_parts, _family, call, found, client) => {
  const now = spansNow();
  end(found, now);
  end(client, now);
  if (call.kind === OutcomeKind.Reject) zeta_node_stages.call(Stage.Refuse);
  return Action.Drop;
};

export const completeBy = (over: End) =>
  withPacketOfFamily((parts, family, call) => {
    const now = spansNow();
    const found = family.find(family.keyOf(parts, call.vni), now);
    const entry = found.way;
    // Another packet has ended the waiting meanwhile.
    if (entry === null || !isReply(entry) || (entry.change & Change.Pending) === 0) return lookAgain(call);
    const { kind, reason, shift: by } = call;
    step(Point.Completed, call, kind, kind === OutcomeKind.Complete ? by : reason);
    if (kind === OutcomeKind.Wait) return refused(call, because.waiting());
    const client = otherOf(parts, family, entry, now);
    if (call.kind !== OutcomeKind.Complete) return over(parts, family, call, found, client);
    if (!isAnswer(parts, family, client)) return refused(call, because.waiting());
    if (!shift(family, found, client, call.shift)) return refused(call, because.changed());
    zeta_node_stages.call(Stage.Shift);
    return Action.Drop;
  });

export const zeta_complete = program("zeta_complete", completeBy(endHere), {
  slot: { table: zeta_node_stages, index: Stage.Complete },
});
