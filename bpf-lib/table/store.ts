/**
 * An entry that comes along the chain: stored where it is absent, and by the very steps of a commit. Where it stands already,
 * the newer version's state wins; a different decision is never put in its place.
 */
import { type Action, isIpv4, program, type u8, type u32 } from "zeta/bpf";
import { type Life, prepare } from "../flow/commit.ts";
import { turned } from "../flow/ends.ts";
import { Change } from "../flow/entry.ts";
import { isMapped, prepareMapping } from "../flow/mapping.ts";
import { FlowState, idleOf } from "../flow/state.ts";
import { type Entry, type Family, Fresh, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import type { Found } from "../flow/ways.ts";
import { enterNext } from "../node/enter.ts";
import { refused } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { networkOf } from "../route/hop.ts";
import { keptAt, renewVersion, versionOf } from "./beside.ts";
import { end, endedFor, endUntil, forgetBoth, hasRested } from "./ended.ts";
import { clientOf, DECIDED, decidedOf, noteDecided, WAITS } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, type Turn, withTurn } from "./hand.ts";
import type { EntryRecord } from "./operation.ts";
import { sustain } from "./sustain.ts";
import { stateIn } from "./version.ts";

/** Where an entry that has come is stored: in the tables of its own families, whatever its packet is. */
export const enterStore = ({ source, toDestination }: EntryRecord, family: Family): void => {
  const four = isIpv4(source);
  if (four !== isIpv4(toDestination)) zeta_node_stages.call(four ? Stage.Store46 : Stage.Store64);
  else zeta_node_stages.call(family.isIpv4 ? Stage.Store4 : Stage.Store6);
};

export const isSame = (family: Family, way: Entry, entry: EntryRecord): boolean => {
  const ends = family.endsOf(way);
  const to = decidedOf(entry);
  return (
    ends.source === to.source &&
    ends.destination === to.destination &&
    ends.sourcePort === to.sourcePort &&
    ends.destinationPort === to.destinationPort &&
    (way.change & DECIDED) === (entry.change & DECIDED)
  );
};

/** How far the flow has come, and how long it lives from now on, in both its directions. */
export const liveAs = (family: Family, found: Found<Entry>, entry: EntryRecord, state: u8, until: u32): void => {
  const { way } = found;
  if (way === null) return;
  way.state = state;
  way.until = until;
  way.generation = entry.generation;
  const back = family.keyOfEnds(turned(decidedOf(entry)), networkOf(way.hop.slot), entry.protocol);
  const other = family.find(back, spansNow()).way;
  if (other === null) return;
  other.state = state;
  other.until = until;
};

const renew = (turn: Turn, family: Family, found: Found<Entry>): Action => {
  const { entry } = turn.hand;
  const kept = keptAt(family, found.index);
  if (kept === null || found.way === null) return lost(TableFault.Role);
  const isNewer = entry.version > versionOf(kept, found.serial);
  if (!isSame(family, found.way, entry)) {
    // That it has ended, its head has said, and not this node by itself.
    const told = found.way.state === FlowState.Ended && stateIn(versionOf(kept, found.serial)) === FlowState.Ended;
    return conflict(turn, family, found.way, isNewer, told);
  }
  if (isNewer && renewVersion(kept, entry.version)) {
    const state = stateIn(entry.version);
    const now = spansNow();
    const was = found.way.state;
    if (state !== FlowState.Ended) liveAs(family, found, entry, state, now + idleOf(entry.protocol, state));
    else if (was !== FlowState.Ended) end(family, found.way, entry.protocol, now);
    if ((entry.change & WAITS) !== 0) zeta_node_stages.call(Stage.Waited);
    return sustain(turn, family, was);
  }
  return goAlong(turn);
};

/**
 * Another decision stands here: of a lifetime that has ended, as its head knew to have waited for, or that has idled for so long that
 * nobody can follow it, and then it makes room; or else the older of the two ends, and the packet is dropped in any case.
 */
const conflict = ({ hand }: Turn, family: Family, way: Entry, isNewer: boolean, told: boolean): Action => {
  const { protocol } = hand.entry;
  const now = spansNow();
  if (isNewer && (told || hasRested(way, protocol, now))) {
    forgetBoth(family, way, protocol, now);
    zeta_node_stages.call(family.isIpv4 ? Stage.Store4 : Stage.Store6);
  } else if (isNewer && way.state !== FlowState.Ended) endUntil(family, way, protocol, now + endedFor(), now);
  return lost(TableFault.Conflict);
};

/**
 * What is in hand as an entry is entered, by the steps of a commit: with the mapping that its pool gave, where there is none. `family` is
 * its client's, `behind` that of its other end.
 */
export const prepareStored = ({ call, hand }: Turn, family: Family, behind: Family, life: Life): Action => {
  const { entry } = hand;
  const { protocol, vni } = entry;
  const from = clientOf(entry);
  noteDecided(entry, call);
  call.service = hand.of.service;
  // Keys of the commit are of the client's network; the packet in hand may be of the other's.
  call.vni = vni;
  const inside = { address: from.source, port: from.sourcePort };
  const isOfPool = (entry.change & Change.SourcePool) !== 0;
  if (isOfPool && !isMapped(family, inside, vni, protocol, spansNow())) {
    const external = { address: entry.toSource, port: entry.toSourcePort };
    prepareMapping(family, behind, external, { inside, vni, protocol, service: hand.of.service });
    call.fresh |= (1 << Fresh.Inward) | (1 << Fresh.Outward);
  }
  const client = { ...from, key: family.keyOfEnds(from, vni, protocol) };
  const reason = prepare(client, family, behind, call, life);
  return reason === null ? enterNext(call, family) : refused(call, reason);
};

const store = (family: Family) =>
  withTurn((turn) => {
    const { entry } = turn.hand;
    const found = family.find(family.keyOfEnds(clientOf(entry), entry.vni, entry.protocol), spansNow());
    if (found.way !== null) return renew(turn, family, found);
    const state = stateIn(entry.version);
    const idle = state === FlowState.Ended ? endedFor() : idleOf(entry.protocol, state);
    return prepareStored(turn, family, family, { state, idle });
  });

export const zeta_store4 = program("zeta_store4", store(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Store4 },
});
export const zeta_store6 = program("zeta_store6", store(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Store6 },
});
