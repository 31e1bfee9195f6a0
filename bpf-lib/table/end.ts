/**
 * A flow that stands on its head was decided anew: as it was, and then it lives on; or otherwise, and then its old decision ends
 * for the whole chain, and the packet with it. Its client's next attempt after that is a new flow's. In the place of what a
 * node forgets a flow by, since nobody there has a copy.
 */
import { program } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { idleOf, stateOf } from "../flow/state.ts";
import { type Entry, type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import type { Call } from "../node/call.ts";
import { enterCommit, Stage, zeta_node_stages } from "../node/stages.ts";
import { keptAt } from "./beside.ts";
import { backOf, end } from "./ended.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, withTurn } from "./hand.ts";
import { DECIDED, takeEntry } from "./serve.ts";
import { freshVersion } from "./version.ts";

const isAsItWas = (family: Family, entry: Entry, call: Call): boolean => {
  const ends = family.endsOf(entry);
  return (
    call.kind === OutcomeKind.Pass &&
    ends.source === call.source &&
    ends.destination === call.destination &&
    ends.sourcePort === call.sourcePort &&
    ends.destinationPort === call.destinationPort &&
    (entry.change & DECIDED) === (call.change & DECIDED)
  );
};

const run = (family: Family) =>
  withTurn((turn) => {
    const { parts, call, hand, view } = turn;
    const now = spansNow();
    const found = family.find(family.keyOf(parts, call.vni), now);
    const entry = found.way;
    if (entry === null) {
      enterCommit(family.type);
      return lost(TableFault.Role);
    }
    if (isAsItWas(family, entry, call)) {
      const state = stateOf(parts.protocol);
      const until = now + idleOf(parts.protocol, state);
      const back = backOf(family, entry, parts.protocol, now).way;
      for (const way of [entry, back]) {
        if (way === null) continue;
        way.state = state;
        way.until = until;
        way.generation = call.generation;
      }
      zeta_node_stages.call(Stage.Forward);
      return lost(TableFault.Role);
    }
    end(family, entry, parts.protocol, now);
    const kept = keptAt(family, found.index);
    if (kept === null || !takeEntry(turn, family, found, now)) return lost(TableFault.Ended);
    kept.version = freshVersion(view.epoch, entry.state);
    hand.entry.version = kept.version;
    return goAlong(turn);
  });

export const zeta_end4 = program("zeta_end4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Forget4 },
});
export const zeta_end6 = program("zeta_end6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Forget6 },
});
