/**
 * Reading ahead: where a flow stands or will be put, and what is kept beside it, in both directions. In a large table each of these is
 * on a page of its own that the processor has to look for and fetch; one after the other, as programs come to them, that is most of
 * what a new flow costs. Here they are asked for at once, by loads that nothing waits for. What was guessed wrong costs a load.
 */
import { isIpv4, type u32 as U32, u32 } from "zeta/bpf";
import { type FlowEnds, turned } from "../flow/ends.ts";
import { type Family, withFamily } from "../flow/table.ts";
import type { Key } from "../flow/ways.ts";
import type { Parts } from "../packet/open.ts";
import { clientOf, decidedOf } from "./entry.ts";
import type { InHand } from "./operation.ts";

/** Reads something of what a node has under a key. Comes back with it, of no meaning. */
export type Reading = (family: Family, key: Key) => U32;

/** The entry. */
export const readFlow: Reading = (family, key) => {
  const way = family.at(family.homeOf(key));
  return way === null ? 0 : way.until;
};

/** The other direction of a flow: of its network, most likely. */
export const readBack = (read: Reading, family: Family, to: FlowEnds, vni: number, protocol: number): U32 =>
  read(family, family.keyOfEnds(turned(to), u32(vni), protocol as never));

/** What the operation in hand will ask for: its entry, in both directions, or its packet's own. */
export const readAhead = (hand: InHand, parts: Parts, read: Reading): void => {
  hand.ahead = withFamily(parts, (family) => {
    if (hand.withEntry === 0) return read(family, family.keyOf(parts, hand.vni));
    const { entry } = hand;
    const { source, toDestination, vni, protocol } = entry;
    if (isIpv4(source) !== family.isIpv4 || isIpv4(toDestination) !== family.isIpv4) return 0;
    const own = read(family, family.keyOfEnds(clientOf(entry), vni, protocol));
    return own + readBack(read, family, decidedOf(entry), vni, protocol);
  });
};
