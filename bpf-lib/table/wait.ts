/**
 * On a flow-table node: packets of a flow that waits, or has waited and is over. They fare as on a node by itself
 * (bpf-lib/node/waiting), but that what becomes of them goes along the chain, and leaves by their forwarder.
 */
import { Action, program, u8 } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { Change } from "../flow/entry.ts";
import { FlowState } from "../flow/state.ts";
import { type Family, withFamily } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { because } from "../node/drops.ts";
import { lookAgain, refused } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { completeBy } from "../node/waiting/complete.ts";
import { waitBy } from "../node/waiting/wait.ts";
import { keptAt } from "./beside.ts";
import { end } from "./ended.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, inTurn, type Turn, withTurn } from "./hand.ts";
import { takeEntry, touch } from "./serve.ts";
import { freshVersion } from "./version.ts";
import { takeWaiting } from "./waited.ts";

/** Whether the packet can go on from its forwarder, that will ask. */
const never = () => false;

export const zeta_table_wait = program("zeta_table_wait", waitBy(never), {
  slot: { table: zeta_node_stages, index: Stage.Wait },
});

/** The flow ends for the whole chain; with a reject, the forwarder refuses the packet when all have heard. */
export const zeta_table_complete = program(
  "zeta_table_complete",
  completeBy((parts, family, call, found, client) =>
    inTurn(parts, call, (turn) => {
      const { hand, view } = turn;
      const kept = keptAt(family, client.index);
      if (client.way === null || kept === null) return lost(TableFault.Ended);
      const now = spansNow();
      end(family, client.way, parts.protocol, now);
      if (!takeEntry(turn, family, found, parts, now)) return lost(TableFault.Ended);
      kept.version = freshVersion(view.epoch, u8(FlowState.Ended));
      hand.entry.version = kept.version;
      hand.of.detail = call.kind === OutcomeKind.Reject ? call.reason + 1 : 0;
      return goAlong(turn);
    }),
  ),
  { slot: { table: zeta_node_stages, index: Stage.Complete } },
);

/** It goes along as it stands: as the SYN that was made of it, or as it came. */
const go = (turn: Turn, family: Family, isMade: boolean): Action => {
  const { parts, call } = turn;
  const now = spansNow();
  const found = family.find(family.keyOf(parts, call.vni), now);
  const entry = found.way;
  if (entry === null) return lookAgain(call);
  // It was asked about as the first of another connection, and is not.
  if (!isMade && (entry.change & Change.Shifted) === 0) return refused(call, because.waiting());
  return touch(turn, family, found, entry, now);
};

const going = (isMade: boolean) => withTurn((turn) => withFamily(turn.parts, (family) => go(turn, family, isMade)));
export const zeta_table_begin = program("zeta_table_begin", going(true), {
  slot: { table: zeta_node_stages, index: Stage.Leave },
});
export const zeta_table_shift = program("zeta_table_shift", going(false), {
  slot: { table: zeta_node_stages, index: Stage.Shift },
});

/** An entry that came along was stored, or its newer state taken over: so is what it says of the waiting. */
const waited = withTurn((turn) => {
  withFamily(turn.parts, (family) => {
    takeWaiting(turn.parts, family, turn.hand.entry);
    return Action.Drop;
  });
  return goAlong(turn);
});
export const zeta_table_waited = program("zeta_table_waited", waited, {
  slot: { table: zeta_node_stages, index: Stage.Waited },
});
