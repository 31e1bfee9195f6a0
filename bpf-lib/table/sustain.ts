/**
 * The mappings of pools that a flow uses live as long as the flow, on its head and on every replica: whichever of them is the head
 * one day must know whose a port is. In the place of what a node keeps them by, since a packet goes on from here along the chain.
 */
import { type Action, program, u8, u16, type u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { keepMapping } from "../flow/mapping.ts";
import { FlowState, idleOf } from "../flow/state.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { networkOf } from "../route/hop.ts";
import { clientOf } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, type Turn, withTurn } from "./hand.ts";
import { stateIn } from "./version.ts";

const POOLS = Change.SourcePool | Change.DestinationPool;

const enterKeep = (family: Family): Action => {
  zeta_node_stages.call(family.isIpv4 ? Stage.Keep4 : Stage.Keep6);
  return lost(TableFault.Role);
};

/** The flow in hand goes on along the chain; before that, its mappings are kept. `was`: its state before this packet. */
export const sustain = (turn: Turn, family: Family, was: u32): Action => {
  const { call, hand } = turn;
  call.was = u8(was);
  // What has ended lets go of them, by and by.
  const ended = stateIn(hand.entry.version) === FlowState.Ended;
  call.keeps = ended ? u16(0) : u16(hand.entry.change & POOLS);
  return call.keeps === 0 ? goAlong(turn) : enterKeep(family);
};

/** One of them at a time, as on a node by itself. */
const run = (family: Family) =>
  withTurn((turn) => {
    const { call, hand } = turn;
    const { entry } = hand;
    if (call.keeps === 0) return goAlong(turn);
    const now = spansNow();
    const from = clientOf(entry);
    const { way } = family.find(family.keyOfEnds(from, entry.vni, entry.protocol), now);
    if (way === null) return lost(TableFault.Ended);
    const ofSource = (call.keeps & Change.SourcePool) !== 0;
    const inside = ofSource
      ? { address: from.source, port: from.sourcePort }
      : { address: entry.toDestination, port: entry.toDestinationPort };
    const external = ofSource
      ? { address: entry.toSource, port: entry.toSourcePort }
      : { address: from.destination, port: from.destinationPort };
    const state = stateIn(entry.version);
    const use = { was: call.was, state, until: now + idleOf(entry.protocol, state) };
    keepMapping(family, inside, external, ofSource ? entry.vni : networkOf(way.hop.slot), entry.protocol, use, now);
    call.keeps = u16(call.keeps & ~(ofSource ? Change.SourcePool : Change.DestinationPool));
    return enterKeep(family);
  });

export const zeta_sustain4 = program("zeta_sustain4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Keep4 },
});
export const zeta_sustain6 = program("zeta_sustain6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Keep6 },
});
