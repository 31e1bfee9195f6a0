/**
 * The last step of a commit: all entries that were prepared are entered, or none. The packet itself is not needed here, and
 * stack is: that is why this is a program of its own.
 */
import { Action, program, type u32 } from "zeta/bpf";
import { ALL_SIX } from "../flow/commit.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { Insertion } from "../flow/ways.ts";
import type { Call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { refused, withCall, withPacket } from "./stage.ts";
import { enterEntered, Stage, zeta_node_stages } from "./stages.ts";

const FRESH = 4;
/** How often a flow is looked for that another CPU enters: it takes less than a microsecond. */
const LOOKS = 32;

/** The place of the lowest bit. */
const lowest = (bits: u32): u32 => {
  if ((bits & 1) !== 0) return 0;
  if ((bits & 2) !== 0) return 1;
  return (bits & 4) !== 0 ? 2 : 3;
};

/** Goes on where the next of what was prepared is entered; or behind that, when all are. The last is the packet's own direction. */
export const enterNext = (call: Call, family: Family): Action => {
  const left = call.fresh & ~call.entered;
  if (left !== 0) zeta_node_stages.call(((call.sixes >> lowest(left)) & 1) === 0 ? Stage.Enter4 : Stage.Enter6);
  else if (call.sixes !== 0 && call.sixes !== ALL_SIX) zeta_node_stages.call(Stage.Link64);
  else enterEntered(family.type);
  return Action.Drop;
};

/** Enters one entry, and goes on for the next. */
const enter = (family: Family) =>
  withCall((call) => {
    const at = lowest(call.fresh & ~call.entered);
    const fresh = family.fresh(at);
    if (fresh === null) return Action.Drop;
    const { outcome, index, serial } = family.enter(fresh, spansNow());
    if (outcome === Insertion.Inserted) {
      fresh.until = index;
      call.entered |= 1 << at;
      call.index = index;
      call.serial = serial;
      return enterNext(call, family);
    }
    // Comes back here, as often as tail calls allow.
    if (outcome === Insertion.Busy) enterNext(call, family);
    call.taken = outcome === Insertion.There ? 1 : 0;
    if (call.taken === 0) countNodeDrop(call.service, because.full());
    zeta_node_stages.call(family.isIpv4 ? Stage.Undo4 : Stage.Undo6);
    return Action.Drop;
  });

/**
 * Takes back what was entered before something could not be: last in the table of the packet's own family. A packet that another of its flow was ahead of, on another CPU,
 * follows what was decided for that one, which may still be on its way.
 */
const undo = (family: Family) =>
  withPacket((parts, call) => {
    const here = call.entered & (family.isIpv4 ? ~call.sixes : call.sixes);
    for (let at = 0; at < FRESH; at++) {
      const fresh = family.fresh(at);
      if (((here >> at) & 1) !== 0 && fresh !== null) family.undo(fresh);
    }
    call.entered &= ~here;
    if (call.entered !== 0 || parts.type !== family.type) {
      zeta_node_stages.call(family.isIpv4 ? Stage.Undo6 : Stage.Undo4);
      return Action.Drop;
    }
    if (call.taken === 0) return Action.Drop;
    const key = family.keyOf(parts, call.vni);
    const now = spansNow();
    for (let look = 0; look < LOOKS; look++) {
      if (!family.has(key, now)) continue;
      zeta_node_stages.call(Stage.Forward);
      break;
    }
    return refused(call, because.inUse());
  });

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
