/**
 * A flow that stands on its head was decided anew: as it was, and then it lives on, or waits once more; or otherwise, and then its
 * old decision ends for the whole chain, and the packet with it. Its client's next attempt after that is a new flow's. In the
 * place of what a node forgets a flow by, since nobody there has a copy.
 */
import { Protocol, program, type u8, type u32 } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { Change } from "../flow/entry.ts";
import { FlowState, idleOf, stateOf } from "../flow/state.ts";
import { type Entry, type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import type { Found } from "../flow/ways.ts";
import type { Call } from "../node/call.ts";
import { enterCommit, Stage, zeta_node_stages } from "../node/stages.ts";
import { tcpOf } from "../packet/open.ts";
import { keptAt } from "./beside.ts";
import { backOf, end, endedFor } from "./ended.ts";
import { DECIDED, WAITS } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, type Turn, withTurn } from "./hand.ts";
import { takeEntry } from "./serve.ts";
import { freshVersion } from "./version.ts";
import { waitWith } from "./waited.ts";

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

/**
 * Whether a flow may wait for another connection's sake. By one that is over, forwarders may shift numbers for as long as
 * their leases last: since the last of its packets at least.
 */
const mayWait = ({ change, state, until }: Entry, now: u32): boolean => {
  if ((change & Change.Pending) !== 0) return true;
  const passed: u32 = idleOf(Protocol.Tcp, FlowState.Closing) - (until - now);
  return state === FlowState.Closing && passed >= endedFor();
};

const waitAnew = ({ parts, call }: Turn, family: Family, found: Found<Entry>, entry: Entry, now: u32): void => {
  const { note, offer } = call;
  const number = tcpOf(parts)?.sequence ?? 0;
  waitWith(family, found, backOf(family, entry, parts.protocol, now), { number, offer, note });
  liveOn(family, entry, parts.protocol, FlowState.Opening, call.generation, now);
};

/** Both directions live on under the config of now. */
const liveOn = (family: Family, entry: Entry, protocol: u8, state: u8, generation: u32, now: u32): void => {
  const until = now + idleOf(protocol, state);
  const back = backOf(family, entry, protocol, now).way;
  for (const way of [entry, back]) {
    if (way === null) continue;
    way.state = state;
    way.until = until;
    way.generation = generation;
  }
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
    const had = entry.change & WAITS;
    const waits = call.change & Change.Pending;
    if (isAsItWas(family, entry, call) && (had === 0) === (waits === 0)) {
      if (waits === 0) {
        liveOn(family, entry, parts.protocol, stateOf(parts.protocol), call.generation, now);
        zeta_node_stages.call(Stage.Forward);
        return lost(TableFault.Role);
      }
      if (!mayWait(entry, now)) return lost(TableFault.Ended);
      waitAnew(turn, family, found, entry, now);
      zeta_node_stages.call(Stage.Wait);
      return lost(TableFault.Role);
    }
    end(family, entry, parts.protocol, now);
    const kept = keptAt(family, found.index);
    if (kept === null || !takeEntry(turn, family, found, parts, now)) return lost(TableFault.Ended);
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
