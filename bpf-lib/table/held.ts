/**
 * After a flow was entered on a flow-table node, by its service's decision or as an entry that came along: it has its version,
 * and goes on along the chain. In the place of the node's own `zeta_entered`, which lets the packet go.
 */
import { isIpv4, program, u16 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { FlowState, stateOf } from "../flow/state.ts";
import { type Entry, type Family, Fresh, ipv4Family, ipv6Family } from "../flow/table.ts";
import { Ask, type Call } from "../node/call.ts";
import { because } from "../node/drops.ts";
import { tellOpened } from "../node/lifecycle.ts";
import { countOpened } from "../node/opened.ts";
import { countEntered } from "../node/quota.ts";
import { enterService, Hook } from "../node/services.ts";
import { refused } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { noteWaiting } from "../node/waiting/note.ts";
import { type Kept, keptAt } from "./beside.ts";
import { DECIDED, WAITS, writeEntry } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { goAlong, type Turn, withTurn } from "./hand.ts";
import { Operation } from "./operation.ts";
import { sustain, sustainAcross } from "./sustain.ts";
import { freshVersion } from "./version.ts";

/** What its service has just decided of a packet of its client's. */
const takeDecided = ({ parts, call, hand, view }: Turn): void => {
  const { source, destination, sourcePort, destinationPort } = call;
  writeEntry(hand.entry, {
    client: parts,
    to: { source, destination, sourcePort, destinationPort },
    change: call.change & DECIDED,
    generation: call.generation,
    vni: call.vni,
    place: call.place,
    placeVni: call.placeVni,
    note: 0,
  });
  hand.entry.version = freshVersion(view.epoch, stateOf(parts.protocol));
  hand.of.service = u16(call.service);
};

const keep = (kept: Kept, { hand }: Turn, call: Call): void => {
  kept.serial = call.serial;
  kept.place = hand.entry.place;
  kept.placeVni = hand.entry.placeVni;
  kept.brought = 0;
  kept.bucket = hand.of.bucket;
  kept.version = hand.entry.version;
};

/** What was entered together is of one bucket: so whoever has it no more can forget all of it. */
const keepBucket = (family: Family, fresh: Entry | null, bucket: number): void => {
  if (fresh === null) return;
  const way = family.at(fresh.until);
  const kept = keptAt(family, fresh.until);
  if (way === null || kept === null) return;
  kept.serial = way.serial;
  kept.bucket = u16(bucket);
};
const keepBuckets = (call: Call, bucket: number): void => {
  for (const at of [Fresh.Inward, Fresh.Outward, Fresh.Reverse] as const) {
    if (((call.entered >> at) & 1) === 0) continue;
    if (((call.sixes >> at) & 1) === 0) keepBucket(ipv4Family, ipv4Family.fresh(at), bucket);
    else keepBucket(ipv6Family, ipv6Family.fresh(at), bucket);
  }
};

const held = (family: Family) =>
  withTurn((turn) => {
    const { parts, call, hand } = turn;
    if (call.binds !== 0) {
      // Comes back here when it is done.
      call.ask = Ask.Bind;
      enterService(call.service, Hook.Decide, call.generation);
      return refused(call, because.gone());
    }
    // The client's entry was the last to be entered, in the table of its packets' family.
    const { operation } = hand.of;
    const came = operation === Operation.Update || operation === Operation.Transfer;
    const clients = came ? isIpv4(hand.entry.source) : family.isIpv4;
    const kept = clients ? keptAt(ipv4Family, call.index) : keptAt(ipv6Family, call.index);
    if (kept === null) return lost(TableFault.Role);
    if (!came) {
      takeDecided(turn);
      const { source, destination, sourcePort, destinationPort, service, vni, generation } = call;
      tellOpened(parts, { source, destination, sourcePort, destinationPort }, { service, vni, generation });
      countEntered(vni);
      countOpened(service, destination, destinationPort);
    }
    keep(kept, turn, call);
    keepBuckets(call, hand.of.bucket);
    if (came) {
      if ((hand.entry.change & WAITS) !== 0) zeta_node_stages.call(Stage.Waited);
      // Another flow of its client's endpoint may have made the mapping, a while ago.
      if (clients === isIpv4(hand.entry.toDestination)) return sustain(turn, family, FlowState.Opening);
      return sustainAcross(turn, FlowState.Opening);
    }
    if ((call.change & Change.Pending) !== 0) {
      // Its packet becomes the SYN, and the entry goes along with that.
      noteWaiting(parts, family, call);
      zeta_node_stages.call(Stage.Wait);
    }
    return goAlong(turn);
  });

export const zeta_held4 = program("zeta_held4", held(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Entered4 },
});
export const zeta_held6 = program("zeta_held6", held(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Entered6 },
});
