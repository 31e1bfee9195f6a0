/** After both directions of a flow across the families were entered, and both halves of a new mapping: each names the other. */
import { Action, EtherType, program, type u32 } from "zeta/bpf";
import { link } from "../../flow/across.ts";
import { type Entry4, type Entry6, Fresh, ipv4Family, ipv6Family } from "../../flow/table.ts";
import type { Call } from "../call.ts";
import { because, countNodeDrop } from "../drops.ts";
import { withPacket } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";

/** `first` and the place behind it hold a pair. True when they name each other, and when nothing was entered there. */
const linked = (call: Call, first: u32): boolean => {
  if (((call.fresh >> first) & 1) === 0) return true;
  const firstIsSix = (call.sixes >> first) & 1;
  const four = ipv4Family.fresh(first + firstIsSix) as Entry4 | null;
  const six = ipv6Family.fresh(first + 1 - firstIsSix) as Entry6 | null;
  return four !== null && six !== null && link(four.until, four.source, six.until, six.partner);
};

export const zeta_link64 = program(
  "zeta_link64",
  withPacket((parts, call) => {
    if (linked(call, Fresh.Inward) && linked(call, Fresh.Reverse))
      zeta_node_stages.call(parts.type === EtherType.Ipv4 ? Stage.Entered4 : Stage.Entered6);
    // One has been flushed in between.
    countNodeDrop(call.service, because.changed());
    call.taken = 0;
    zeta_node_stages.call(Stage.Undo4);
    return Action.Drop;
  }),
  { slot: { table: zeta_node_stages, index: Stage.Link64 } },
);
