/**
 * What is brought to a member of a path that has not everything (transfer.ts): it is stored where nothing stands, for what is left of its
 * life, and passed on by who then has that decision, and by nobody else. The last of them acknowledges it to its node.
 */
import { Action, isIpv4, program } from "zeta/bpf";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow, spansOf } from "../flow/time.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { keptAt } from "./beside.ts";
import { clientOf } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, misplaced, type Turn, withTurn } from "./hand.ts";
import { Operation } from "./operation.ts";
import { isSame, prepareStored } from "./store.ts";
import { stateIn } from "./version.ts";
import { pathAt } from "./view.ts";

/** On the node that brought it: the path behind it has this entry, if it is still the one. */
const acknowledge = ({ hand, view }: Turn, family: Family): Action => {
  const { entry } = hand;
  if (hand.of.forwarder !== view.self) return lost(TableFault.Asker);
  const found = family.find(family.keyOfEnds(clientOf(entry), entry.vni, entry.protocol), spansNow());
  const kept = keptAt(family, found.index);
  if (found.way === null || kept === null) return lost(TableFault.Late);
  if (kept.serial !== hand.of.detail || found.serial !== hand.of.detail) return lost(TableFault.Late);
  kept.brought = hand.of.sent;
  return Action.Drop;
};

const take = (turn: Turn, family: Family): Action => {
  const { entry } = turn.hand;
  const four = isIpv4(entry.source);
  if (four !== isIpv4(entry.toDestination)) {
    zeta_node_stages.call(four ? Stage.Store46 : Stage.Store64);
    return lost(TableFault.Role);
  }
  const found = family.find(family.keyOfEnds(clientOf(entry), entry.vni, entry.protocol), spansNow());
  // What came by a write is at least as new. A decision that has ended stands in the way of another until it is forgotten.
  if (found.way !== null) return isSame(family, found.way, entry) ? goAlong(turn) : lost(TableFault.Conflict);
  return prepareStored(turn, family, family, { state: stateIn(entry.version), idle: spansOf(entry.life) });
};

const bring = (family: Family) =>
  withTurn((turn) => {
    const { hand, view } = turn;
    const { epoch, operation, place, bucket } = hand.of;
    if (epoch !== view.epoch) return lost(TableFault.Epoch);
    if (hand.withEntry === 0) return lost(TableFault.Form);
    if (operation === Operation.Stored) return acknowledge(turn, family);
    const path = pathAt(epoch, bucket);
    if (path === null || place < path.complete || place >= path.length || path.members[(place & 7) as 0] !== view.self)
      return misplaced(turn, path);
    return take(turn, family);
  });

export const zeta_bring4 = program("zeta_bring4", bring(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Bring4 },
});
export const zeta_bring6 = program("zeta_bring6", bring(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Bring6 },
});
