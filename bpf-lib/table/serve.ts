/**
 * A flow-table node's part in an operation: the reading node answers, the head decides, whoever stands between stores
 * (store.ts). Nothing is answered at any other place, and no decision leaves the head but along the chain.
 */
import { Action, program, type u8, type u32 } from "zeta/bpf";
import { type FlowEnds, turned } from "../flow/ends.ts";
import { isDue, live } from "../flow/live.ts";
import { FlowState } from "../flow/state.ts";
import { type Entry, type Family, ipv4Family, ipv6Family, isAcross, isReply } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import type { Found } from "../flow/ways.ts";
import { isError } from "../icmp/embedded.ts";
import { enterAcross } from "../node/across/enter.ts";
import { Ask } from "../node/call.ts";
import { askAgain, askFor, isAskedAgain } from "../node/follow.ts";
import { zeta_node_services } from "../node/services.ts";
import { enterError, goOn, Stage, zeta_node_stages } from "../node/stages.ts";
import { isOpen } from "../node/waiting/enter.ts";
import { networkOf } from "../route/hop.ts";
import { askedBackNow, isInDoubt } from "./age.ts";
import { keptAt, versionOf } from "./beside.ts";
import { Bounce, countBounce } from "./bounces.ts";
import { isUntold } from "./ended.ts";
import { DECIDED, WAITS, writeEntry } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import {
  answer,
  enterOver,
  goAlong,
  hasService,
  isRefusal,
  misplaced,
  refuseAlong,
  sendAlong,
  type Turn,
  withTurn,
} from "./hand.ts";
import { Operation } from "./operation.ts";
import { isPast } from "./past.ts";
import { enterStore } from "./store.ts";
import { sustain } from "./sustain.ts";
import { freshVersion } from "./version.ts";
import { isAhead, type Path, pathAt } from "./view.ts";
import { noteOf } from "./waited.ts";

/** A packet's ends, under which its flow was found: its own, or those of what it quotes. */
export type Sent = FlowEnds & { readonly protocol: u8 };

/** The other direction of a flow than this. */
const otherWay = (family: Family, entry: Entry, { protocol }: Sent, now: u32): Found<Entry> =>
  family.find(family.keyOfEnds(turned(family.endsOf(entry)), networkOf(entry.hop.slot), protocol), now);

/** A flow's two directions, from the one that its packet has found: the client's entry, and the ends on both sides. */
const clientsOf = (family: Family, found: Found<Entry>, sent: Sent, now: u32): Found<Entry> => {
  const entry = found.way;
  return entry === null || !isReply(entry) ? found : otherWay(family, entry, sent, now);
};

/** Writes what stands of the flow into the operation in hand. False when it is gone by now. */
export const takeEntry = (turn: Turn, family: Family, found: Found<Entry>, of: Sent, now: u32): boolean => {
  const { call, hand } = turn;
  const own = found.way;
  const client = clientsOf(family, found, of, now);
  const kept = keptAt(family, client.index);
  if (own === null || client.way === null || kept === null) return false;
  const reply = isReply(own);
  const { source, destination, sourcePort, destinationPort, protocol } = of;
  const sent = { source, destination, sourcePort, destinationPort };
  // What comes back is changed to what the client sent, turned round.
  const from = reply ? turned(family.endsOf(own)) : sent;
  const to = reply ? turned(sent) : family.endsOf(own);
  writeEntry(hand.entry, {
    client: { ...from, protocol },
    to,
    change: client.way.change & (DECIDED | WAITS),
    generation: client.way.generation,
    // Packets that come back lead to the client's network.
    vni: reply ? networkOf(own.hop.slot) : call.vni,
    place: kept.place,
    placeVni: kept.placeVni,
    note: noteOf(family, client, () => (reply ? found : otherWay(family, own, of, now))),
  });
  hand.entry.version = versionOf(kept, client.serial);
  hand.of.service = own.service;
  return family.stands(found);
};

/** Its two directions are in the tables of both families (across.ts). */
const acrossFrom = ({ parts, call }: Turn, family: Family, found: Found<Entry>): Action => {
  enterAcross(parts, call, found, family.isIpv4 ? Stage.Serve46 : Stage.Serve64);
  return lost(TableFault.Role);
};

/** To the head: the packet is what it asks about. */
const toHead = (turn: Turn, path: Path, operation: u32): Action => {
  turn.hand.withEntry = 0;
  return sendAlong(turn, path, 0, operation);
};

/** The reading node: what it has without doubt goes to the forwarder; all else is the head's to say. */
const read = (turn: Turn, family: Family, path: Path): Action => {
  const { parts, call } = turn;
  const now = spansNow();
  const found = family.find(family.keyOf(parts, call.vni), now);
  const entry = found.way;
  if (entry === null) return toHead(turn, path, Operation.Decide);
  const service = zeta_node_services.at(entry.service);
  // Decided under another config: its service is asked, which is the head's to do.
  if (service === null || isAskedAgain(parts, entry, service)) return toHead(turn, path, Operation.Decide);
  if (isOpen(entry)) return toHead(turn, path, Operation.Decide);
  // While others are filled, its answer passes them as an entry of its own, which needs a version that they have not seen.
  const passes = path.length > path.complete;
  if (passes || entry.state === FlowState.Ended || isDue(parts, entry, now)) return toHead(turn, path, Operation.Touch);
  if (isAcross(entry)) return acrossFrom(turn, family, found);
  if (!takeEntry(turn, family, found, parts, now)) return toHead(turn, path, Operation.Touch);
  return goAlong(turn);
};

/** The head has the flow: it lives on under a fresh version, which the whole chain is told; or that it has ended, once more. */
export const touch = (turn: Turn, family: Family, found: Found<Entry>, entry: Entry, now: u32): Action => {
  const { parts, hand, view } = turn;
  const was = entry.state;
  if (was !== FlowState.Ended) live(parts, family, entry, now);
  const client = clientsOf(family, found, parts, now);
  const kept = keptAt(family, client.index);
  if (kept === null || !takeEntry(turn, family, found, parts, now)) return lost(TableFault.Ended);
  const version = freshVersion(view.epoch, entry.state);
  kept.version = version;
  hand.entry.version = version;
  return sustain(turn, family, was);
};

const decide = (turn: Turn, family: Family, path: Path): Action => {
  const { parts, call, hand } = turn;
  const now = spansNow();
  const found = family.find(family.keyOf(parts, call.vni), now);
  const entry = found.way;
  if (entry === null && isAhead(path.quiet, now)) return lost(TableFault.Quiet);
  const index = entry === null ? hand.of.service : entry.service;
  // Nothing is decided for what is not the first of a packet's fragments.
  if (index === 0 || (entry === null && parts.later)) return refuseAlong(turn, Operation.Nobody);
  const service = zeta_node_services.at(index);
  if (service === null || service.generation === 0) return lost(TableFault.Service);
  call.service = index;
  call.generation = service.generation;
  if (entry === null) return askFor(parts, call, Ask.Decide, index, 0);
  const ended = entry.state === FlowState.Ended;
  if (ended && !isUntold(entry, now)) return lost(TableFault.Ended);
  if (!ended && isAskedAgain(parts, entry, service)) return askAgain(parts, family, found, entry, call);
  if (!ended && isOpen(entry)) {
    goOn(parts, call, Stage.Wait);
    return Action.Drop;
  }
  if (isAcross(entry)) return acrossFrom(turn, family, found);
  return touch(turn, family, found, entry, now);
};

/**
 * A forwarder's question may be older than its packets get: it alone can tell. What has no room to say that it comes again for that is
 * dropped: a later fragment, whose ports are in its place, and errors, which end and open nothing.
 */
const askBack = (turn: Turn): Action => {
  const { parts, hand } = turn;
  if (parts.later || isError(parts)) return lost(TableFault.Past);
  countBounce(Bounce.Age);
  hand.withEntry = 0;
  hand.of.detail = askedBackNow();
  return answer(turn, Operation.Stale);
};

const serve = (family: Family) =>
  withTurn((turn) => {
    const { parts, call, hand, view } = turn;
    const { epoch, operation, place, bucket } = hand.of;
    if (operation === Operation.Transfer || operation === Operation.Stored) {
      zeta_node_stages.call(family.isIpv4 ? Stage.Bring4 : Stage.Bring6);
      return Action.Drop;
    }
    if (epoch !== view.epoch) {
      countBounce(Bounce.Epoch);
      hand.withEntry = 0;
      // What it was to be refused for is not of the packet as it came.
      if (operation === Operation.Refuse) hand.of.detail = 0;
      return answer(turn, Operation.Stale);
    }
    const path = pathAt(epoch, bucket);
    if (path === null || place >= path.length || path.members[(place & 7) as 0] !== view.self)
      return misplaced(turn, path);
    if (operation === Operation.Update) {
      if (place === 0) return lost(TableFault.Place);
      if (hand.withEntry === 0) return lost(TableFault.Form);
      if (!hasService(hand.of.service)) return lost(TableFault.Service);
      if (isPast(bucket, hand.entry.version)) return lost(TableFault.Past);
      enterStore(hand.entry, family);
      return Action.Drop;
    }
    if (isRefusal(operation)) return place === 0 ? lost(TableFault.Place) : goAlong(turn);
    if (operation === Operation.Over) {
      if (hand.withEntry === 0) return lost(TableFault.Form);
      if (place === 0) enterOver(hand);
      return lost(TableFault.Place);
    }
    if (isInDoubt(hand.of, parts.later ? 0 : hand.of.detail)) return askBack(turn);
    if (operation === Operation.Fragment) {
      if (place === 0) goOn(parts, call, Stage.AskFirst);
      return lost(TableFault.Place);
    }
    const seeks = operation === Operation.Seek;
    if (isError(parts)) {
      if (operation !== Operation.Lookup && !seeks) return lost(TableFault.Role);
      if (place + 1 === path.complete) enterError(parts, call);
      return lost(TableFault.Place);
    }
    if (seeks) {
      if (place === 0 || place + 1 === path.complete) goOn(parts, call, family.isIpv4 ? Stage.Seek4 : Stage.Seek6);
      return lost(TableFault.Place);
    }
    if (operation === Operation.Lookup && place > 0) {
      return place + 1 === path.complete ? read(turn, family, path) : lost(TableFault.Place);
    }
    const asks = operation === Operation.Lookup || operation === Operation.Decide;
    if (!asks && operation !== Operation.Touch && operation !== Operation.Close) return lost(TableFault.Role);
    return place === 0 ? decide(turn, family, path) : lost(TableFault.Place);
  });

export const zeta_serve4 = program("zeta_serve4", serve(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Serve4 },
});
export const zeta_serve6 = program("zeta_serve6", serve(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Serve6 },
});
