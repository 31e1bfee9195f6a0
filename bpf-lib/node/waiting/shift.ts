/** Packets of a flow whose sequence numbers are shifted: that is done first, and then what is done to all. */
import { Action, program } from "zeta/bpf";
import { apply } from "../../flow/apply.ts";
import { Change } from "../../flow/entry.ts";
import { isReply } from "../../flow/table.ts";
import { spansNow } from "../../flow/time.ts";
import { becomeProbe, isSynAck } from "../../packet/handshake.ts";
import { shiftFromClient, shiftToClient } from "../../packet/shift.ts";
import { isStopped } from "../../route/send.ts";
import { because } from "../drops.ts";
import { lookAgain, refused, withPacketOfFamily } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";

const shift = withPacketOfFamily((parts, family, call) => {
  const found = family.find(family.keyOf(parts, call.vni), spansNow());
  const entry = found.way;
  if (entry === null) return lookAgain(call);
  // It was asked about as the first of another connection, and is not.
  if ((entry.change & Change.Shifted) === 0) return refused(call, because.waiting());
  const by = family.beside(entry, found.index)?.shift ?? 0;
  const { slot } = entry.hop;
  if (!family.stands(found)) return lookAgain(call);
  // Asked before anything is changed, as for any packet (flow/apply.ts).
  if (isStopped(parts, entry, slot)) {
    call.hop = slot;
    zeta_node_stages.call(Stage.Obstacle);
    return Action.Drop;
  }
  if (!isReply(entry)) shiftFromClient(parts, by);
  else {
    shiftToClient(parts, by);
    if (isSynAck(parts)) {
      if (becomeProbe(parts)) zeta_node_stages.call(Stage.Leave);
      return refused(call, because.noRoom());
    }
  }
  return apply(parts, family, found, entry, call, true);
});

export const zeta_shift = program("zeta_shift", shift, { slot: { table: zeta_node_stages, index: Stage.Shift } });
