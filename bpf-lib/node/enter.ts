/**
 * The last step of a commit: all entries that were prepared are entered, or none. The packet itself is not needed here, and
 * stack is: that is why this is a program of its own.
 */
import { Action, type Frame, program, type u32 } from "zeta/bpf";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { Insertion } from "../flow/ways.ts";
import { zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const FRESH = 4;

const enter =
  (family: Family) =>
  (_frame: Frame): Action => {
    const call = zeta_node_call.at(0);
    if (call === null) return Action.Aborted;
    const now = spansNow();
    let entered: u32 = 0;
    let outcome: u32 = Insertion.Inserted;
    for (let at = 0; at < FRESH; at++) {
      if (((call.fresh >> at) & 1) === 0) continue;
      const fresh = family.fresh(at);
      if (fresh === null) break;
      const made = family.enter(fresh, now);
      outcome = made.outcome;
      if (outcome !== Insertion.Inserted) break;
      fresh.until = made.index;
      entered |= 1 << at;
    }
    if (outcome === Insertion.Inserted) {
      zeta_node_stages.call(Stage.Entered);
      return Action.Drop;
    }
    countNodeDrop(call.service, outcome === Insertion.There ? because.inUse() : because.full());
    call.fresh = entered;
    zeta_node_stages.call(family.isIpv4 ? Stage.Undo4 : Stage.Undo6);
    return Action.Drop;
  };

/** Takes back what was entered before something could not be. */
const undo =
  (family: Family) =>
  (_frame: Frame): Action => {
    const call = zeta_node_call.at(0);
    if (call === null) return Action.Aborted;
    for (let at = 0; at < FRESH; at++) {
      const fresh = family.fresh(at);
      if (((call.fresh >> at) & 1) !== 0 && fresh !== null) family.undo(fresh);
    }
    return Action.Drop;
  };

export const zeta_enter4 = program("zeta_enter4", enter(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Enter4 },
});
export const zeta_enter6 = program("zeta_enter6", enter(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Enter6 },
});
export const zeta_undo4 = program("zeta_undo4", undo(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Undo4 },
});
export const zeta_undo6 = program("zeta_undo6", undo(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Undo6 },
});
