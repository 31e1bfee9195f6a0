/**
 * On a flow-table node: flows across the families. Their two directions are in the tables of both, of which each entry names the
 * other; all else is as for flows of one family. They stand in one bucket like these: the external port, of IPv4, is one that
 * leads to the bucket of its IPv6 host (pools.ts).
 */
import { program, u8, type u32 } from "zeta/bpf";
import { OutcomeKind, seenAs } from "../../sdk/middlebox/internal.ts";
import { endsAcross, otherFamily, partnerOf, protocolIn } from "../flow/across.ts";
import { type FlowEnds, turned } from "../flow/ends.ts";
import { keyWords } from "../flow/entry.ts";
import { liveOn } from "../flow/live.ts";
import { FlowState, idleOf, stateOf } from "../flow/state.ts";
import { type Entry, type Entry6, type Family, ipv4Family, ipv6Family, isReply } from "../flow/table.ts";
import { spansNow, spansOf } from "../flow/time.ts";
import { isError } from "../icmp/embedded.ts";
import { type Both, withBoth } from "../node/across/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { networkOf } from "../route/hop.ts";
import { type Kept, keptAt, renewVersion, versionOf } from "./beside.ts";
import { endedFor, endsAt, hasRested } from "./ended.ts";
import { clientOf, DECIDED, decidedOf, writeEntry } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, type Turn, withTurn } from "./hand.ts";
import { type EntryRecord, Operation } from "./operation.ts";
import { prepareStored } from "./store.ts";
import { sustainAcross } from "./sustain.ts";
import { freshVersion, stateIn } from "./version.ts";

/** What is kept of the flow, by its client's entry. */
const keptOf = (family: Family, { found, entry, back }: Both): Kept | null =>
  isReply(entry) ? keptAt(otherFamily(family), back.index) : keptAt(family, found.index);
const versionIn = ({ found, entry, back }: Both, kept: Kept) =>
  versionOf(kept, isReply(entry) ? back.serial : found.serial);

/** Writes what stands of the flow into the operation in hand. All of it stands in the IPv6 entry: its key, and its ends. */
const take = ({ call, hand }: Turn, family: Family, both: Both, kept: Kept): void => {
  const { entry, partner } = both;
  const six = (family.isIpv4 ? partner : entry) as Entry6;
  const outside = ipv6Family.endsOf(six as Entry);
  const inside = turned(endsAcross(ipv4Family, entry, six as Entry));
  const sixIsReply = isReply(six as Entry);
  const reply = isReply(entry);
  const protocol = u8(seenAs(six.key as never, keyWords).network);
  const from = sixIsReply ? turned(outside) : inside;
  writeEntry(hand.entry, {
    client: { ...from, protocol: sixIsReply ? protocolIn(ipv4Family, protocol) : protocol },
    to: sixIsReply ? turned(inside) : outside,
    change: (reply ? partner.change : entry.change) & DECIDED,
    generation: reply ? partner.generation : entry.generation,
    vni: reply ? networkOf(entry.hop.slot) : call.vni,
    place: kept.place,
    placeVni: kept.placeVni,
    note: 0,
  });
  hand.of.service = entry.service;
};

/** The reading node answers with what it has; at the head the flow lives on under a fresh version. */
const serve = (family: Family) =>
  withTurn((turn) => {
    const { parts, call, hand, view } = turn;
    return withBoth(family, call, (both) => {
      const { entry, partner, now } = both;
      const kept = keptOf(family, both);
      if (kept === null) return lost(TableFault.Ended);
      const reads = hand.of.operation === Operation.Lookup && (hand.of.place > 0 || isError(parts));
      const was = entry.state;
      if (!reads) {
        if (was !== FlowState.Ended) liveOn(parts, entry, () => partner, now);
        kept.version = freshVersion(view.epoch, entry.state);
      }
      take(turn, family, both, kept);
      hand.entry.version = versionIn(both, kept);
      return reads ? goAlong(turn) : sustainAcross(turn, was);
    });
  });

/** State and life of both directions. */
export const liveBoth = (entry: Entry, partner: Entry, state: u8, until: u32): void => {
  for (const way of [entry, partner]) {
    way.state = state;
    way.until = until;
  }
};

const isSameEnds = (ends: FlowEnds, to: FlowEnds): boolean =>
  ends.source === to.source &&
  ends.destination === to.destination &&
  ends.sourcePort === to.sourcePort &&
  ends.destinationPort === to.destinationPort;

/** Whether what stands is what the entry in hand says. `way` is its client's. */
export const isSameAcross = (family: Family, way: Entry, partner: Entry, entry: EntryRecord): boolean =>
  (way.change & DECIDED) === (entry.change & DECIDED) && isSameEnds(endsAcross(family, way, partner), decidedOf(entry));

/** A flow that stands on its head was decided anew (end.ts). */
const end = (family: Family) =>
  withTurn((turn) => {
    const { parts, call, hand, view } = turn;
    return withBoth(family, call, (both) => {
      const { entry, partner, now } = both;
      const kept = keptOf(family, both);
      if (kept === null) return lost(TableFault.Ended);
      const same =
        (entry.change & DECIDED) === (call.change & DECIDED) && isSameEnds(endsAcross(family, entry, partner), call);
      if (call.kind === OutcomeKind.Pass && same) {
        const state = stateOf(parts.protocol);
        liveBoth(entry, partner, state, now + idleOf(parts.protocol, state));
        entry.generation = call.generation;
        partner.generation = call.generation;
        zeta_node_stages.call(Stage.Forward);
        return lost(TableFault.Role);
      }
      liveBoth(entry, partner, FlowState.Ended, endsAt(entry, parts.protocol, now));
      kept.version = freshVersion(view.epoch, FlowState.Ended);
      take(turn, family, both, kept);
      hand.entry.version = kept.version;
      return goAlong(turn);
    });
  });

/** An entry that comes along the chain (store.ts); `family` is that of its client. */
const store = (family: Family) =>
  withTurn((turn) => {
    const { hand } = turn;
    const { entry } = hand;
    const now = spansNow();
    const found = family.find(family.keyOfEnds(clientOf(entry), entry.vni, entry.protocol), now);
    const state = stateIn(entry.version);
    const usual = state === FlowState.Ended ? endedFor() : idleOf(entry.protocol, state);
    const brought = hand.of.operation === Operation.Transfer;
    const idle: u32 = brought ? spansOf(entry.life) : usual;
    if (found.way !== null) {
      const kept = keptAt(family, found.index);
      const partner = partnerOf(family, found.way, found.index, now).way;
      if (kept === null || partner === null) return lost(TableFault.Conflict);
      const isNewer = entry.version > versionOf(kept, found.serial);
      if (isSameAcross(family, found.way, partner, entry)) {
        // As in brought.ts: what came by a write is left alone.
        if (brought || !isNewer || !renewVersion(kept, entry.version)) return goAlong(turn);
        const was = found.way.state;
        const ends = state === FlowState.Ended;
        if (!ends) liveBoth(found.way, partner, state, now + idle);
        else if (was !== state) liveBoth(found.way, partner, state, endsAt(found.way, entry.protocol, now));
        return sustainAcross(turn, was);
      }
      if (brought) return lost(TableFault.Conflict);
      const told = found.way.state === FlowState.Ended && stateIn(versionOf(kept, found.serial)) === FlowState.Ended;
      if (isNewer && (told || hasRested(found.way, entry.protocol, now))) {
        // As in store.ts: it makes room.
        found.way.until = now;
        partner.until = now;
        zeta_node_stages.call(family.isIpv4 ? Stage.Store46 : Stage.Store64);
      } else if (isNewer && found.way.state !== FlowState.Ended)
        liveBoth(found.way, partner, FlowState.Ended, now + endedFor());
      return lost(TableFault.Conflict);
    }
    return prepareStored(turn, family, otherFamily(family), { state, idle });
  });

const slot = (index: number) => ({ slot: { table: zeta_node_stages, index } });
export const zeta_serve46 = program("zeta_serve46", serve(ipv4Family), slot(Stage.Serve46));
export const zeta_serve64 = program("zeta_serve64", serve(ipv6Family), slot(Stage.Serve64));
export const zeta_end46 = program("zeta_end46", end(ipv4Family), slot(Stage.Forget46));
export const zeta_end64 = program("zeta_end64", end(ipv6Family), slot(Stage.Forget64));
export const zeta_store46 = program("zeta_store46", store(ipv4Family), slot(Stage.Store46));
export const zeta_store64 = program("zeta_store64", store(ipv6Family), slot(Stage.Store64));
