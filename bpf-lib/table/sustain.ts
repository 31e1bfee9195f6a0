/**
 * The mappings of pools that a flow uses live as long as the flow, on its head and on every replica: whichever of them is the head
 * one day must know whose a port is. In the place of what a node keeps them by, since a packet goes on from here along the chain.
 */
import { type Action, program, u8, u16, type u32 } from "zeta/bpf";
import { protocolIn } from "../flow/across.ts";
import { Change } from "../flow/entry.ts";
import { type Endpoint, keepMapping, keepMappingAcross, type Use } from "../flow/mapping.ts";
import { FlowState, idleOf } from "../flow/state.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { networkOf } from "../route/hop.ts";
import { clientOf } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, type Turn, withTurn } from "./hand.ts";
import type { EntryRecord } from "./operation.ts";
import { stateIn } from "./version.ts";

const POOLS = Change.SourcePool | Change.DestinationPool;

const enterKeep = (family: Family): Action => {
  zeta_node_stages.call(family.isIpv4 ? Stage.Keep4 : Stage.Keep6);
  return lost(TableFault.Role);
};

/** Notes which mappings the flow in hand keeps. What has ended lets go of them, by and by. */
const noteKept = ({ call, hand }: Turn, was: u32): void => {
  call.was = u8(was);
  const ended = stateIn(hand.entry.version) === FlowState.Ended;
  call.keeps = ended ? u16(0) : u16(hand.entry.change & POOLS);
};

/** The flow in hand goes on along the chain; before that, its mappings are kept. `was`: its state before this packet. */
export const sustain = (turn: Turn, family: Family, was: u32): Action => {
  noteKept(turn, was);
  return turn.call.keeps === 0 ? goAlong(turn) : enterKeep(family);
};

/** The same of a flow across the families. */
export const sustainAcross = (turn: Turn, was: u32): Action => {
  noteKept(turn, was);
  zeta_node_stages.call(Stage.Keep46);
  return lost(TableFault.Role);
};

/** What a pool has to do with the flow in hand: its source, or else whom it goes to. */
const isOfSource = (keeps: u32): boolean => (keeps & Change.SourcePool) !== 0;
const externalIn = (entry: EntryRecord, keeps: u32): Endpoint =>
  isOfSource(keeps)
    ? { address: entry.toSource, port: entry.toSourcePort }
    : { address: entry.destination, port: entry.destinationPort };
const useOf = ({ call, hand }: Turn, now: u32): Use => {
  const state = stateIn(hand.entry.version);
  return { was: call.was, state, until: now + idleOf(hand.entry.protocol, state) };
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
    const ofSource = isOfSource(call.keeps);
    const inside = ofSource
      ? { address: from.source, port: from.sourcePort }
      : { address: entry.toDestination, port: entry.toDestinationPort };
    const vni = ofSource ? entry.vni : networkOf(way.hop.slot);
    keepMapping(family, inside, externalIn(entry, call.keeps), vni, entry.protocol, useOf(turn, now), now);
    call.keeps = u16(call.keeps & ~(ofSource ? Change.SourcePool : Change.DestinationPool));
    return enterKeep(family);
  });

export const zeta_sustain4 = program("zeta_sustain4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Keep4 },
});
export const zeta_sustain6 = program("zeta_sustain6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Keep6 },
});

/** Such a flow has one at the most: that by which its IPv6 host has an external port of IPv4. */
const across = withTurn((turn) => {
  const { call, hand } = turn;
  const { entry } = hand;
  const now = spansNow();
  const protocol = protocolIn(ipv4Family, entry.protocol);
  if (call.keeps !== 0) keepMappingAcross(externalIn(entry, call.keeps), protocol, useOf(turn, now), now);
  return goAlong(turn);
});

export const zeta_sustain46 = program("zeta_sustain46", across, {
  slot: { table: zeta_node_stages, index: Stage.Keep46 },
});
