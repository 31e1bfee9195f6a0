/**
 * What packets of a flow across the families and errors about them have in common: all that could stop one is asked before it
 * is translated, while it still is what its sender has sent. Then it leaves by the flow's hop.
 */
import { Action, clock, ethernetHeader, u8, type u32 } from "zeta/bpf";
import { endsInPackets, otherFamily } from "../../flow/across.ts";
import { Change } from "../../flow/entry.ts";
import type { Entry, Family } from "../../flow/table.ts";
import type { Parts } from "../../packet/open.ts";
import type { Ends } from "../../packet/rewrite.ts";
import { age, isLast } from "../../route/age.ts";
import { FIRST_ENDPOINT, type Hop, HopKind, ROUTED_SHIFT, TRUSTED_ROUTES, zeta_node_hops } from "../../route/hop.ts";
import { isTooLong } from "../../route/path-mtu.ts";
import { leave } from "../../route/send.ts";
import { Refusal } from "../../translate/refusal.ts";
import type { Call } from "../call.ts";
import { because } from "../drops.ts";
import { lookAgain, refused } from "../stage.ts";
import { arriveAgain, Stage, zeta_node_stages } from "../stages.ts";
import type { Both } from "./stage.ts";

/** How a packet is to be translated. */
export interface Crossing {
  /** The stage that the packet is in: it comes back there when its route was asked for. */
  readonly stage: u32;
  /** By how many bytes the packet will grow, modulo 2^32. */
  readonly growth: u32;
  /** Of the flow's own packets, once nothing stops them. */
  readonly count: () => void;
  readonly become: (to: Ends, use: (made: Parts) => Action, refuse: (why: u32) => Action) => Action;
}

/** Whether a flow's route is known and trusted. An endpoint's is not asked for. */
const isRouted = (entry: Entry, hop: Hop, slot: u32): boolean => {
  if (slot >= FIRST_ENDPOINT) return true;
  const ticks = clock("jiffies");
  return slot !== 0 && u8(u8(ticks >> ROUTED_SHIFT) - entry.hop.routed) < TRUSTED_ROUTES && hop.until > ticks;
};

/**
 * The translated packet leaves. Without a route it is the host's, which finds one or tells that there is none. What goes to the
 * node itself arrives again: a host behind a service reaches another by its external address (RFC 6146 section 3.8).
 */
const leaveBy = (parts: Parts, hop: Hop, slot: u32, delivered: boolean, call: Call): Action => {
  if (slot === 0) {
    if (call.here !== 0) arriveAgain(call);
    return Action.Pass;
  }
  if (!delivered) age(parts);
  const ethernet = parts.frame.cursor().peek(ethernetHeader);
  if (ethernet === null) return Action.Drop;
  if (hop.kind !== HopKind.Tunnel) return leave({ ...parts, ethernet }, hop);
  call.hop = slot;
  zeta_node_stages.call(Stage.Wrap);
  return Action.Drop;
};

export const cross = (parts: Parts, family: Family, both: Both, call: Call, how: Crossing): Action => {
  const { found, entry, back, partner } = both;
  const { slot } = entry.hop;
  const hop = zeta_node_hops.at(slot);
  if (hop === null || (slot >= FIRST_ENDPOINT && hop.kind < HopKind.Station))
    return refused(call, because.noEndpoint());
  const asked = call.routed !== 0;
  call.routed = 0;
  if (!asked && !isRouted(entry, hop, slot)) {
    call.routed = u8(how.stage);
    zeta_node_stages.call(family.isIpv4 ? Stage.Route46 : Stage.Route64);
    return Action.Drop;
  }
  const delivered = (entry.change & Change.Deliver) !== 0;
  if ((!delivered && isLast(parts)) || (hop.mtu !== 0 && isTooLong(parts, hop.mtu - how.growth))) {
    call.hop = slot;
    call.growth = how.growth;
    zeta_node_stages.call(Stage.Obstacle);
    return Action.Drop;
  }
  const to: Ends = endsInPackets(family, entry, partner);
  if (!family.stands(found) || !otherFamily(family).stands(back)) return lookAgain(call);
  how.count();
  return how.become(
    to,
    (made) => leaveBy(made, hop, slot, delivered, call),
    (why) => refused(call, why === Refusal.Malformed ? because.notWhole() : because.untranslatable()),
  );
};
