/**
 * Reading ahead: where a flow stands or will be put, and what is kept beside it, in both directions. In a large table each of these is
 * on a page of its own that the processor has to look for and fetch; one after the other, as programs come to them, that is most of
 * what a new flow costs. Here they are asked for at once, by loads that nothing waits for. What was guessed wrong costs a load.
 */
import { isIpv4, type u32 as U32, u32 } from "zeta/bpf";
import { type FlowEnds, turned } from "../flow/ends.ts";
import type { Family } from "../flow/table.ts";
import type { Key } from "../flow/ways.ts";
import { clientOf, decidedOf } from "./entry.ts";
import type { EntryRecord } from "./operation.ts";

/** Reads something of what a node has under a key. Comes back with it, of no meaning. */
export type Reading = (family: Family, key: Key) => U32;

/** A flow's entry. */
export const readFlow: Reading = (family, key) => {
  const way = family.at(family.homeOf(key));
  return way === null ? 0 : way.until;
};

/** The other direction of a flow, by the ends that its client's packets leave with: of their network, most likely. */
export const readBack = (read: Reading, family: Family, to: FlowEnds, vni: number, protocol: number): U32 =>
  read(family, family.keyOfEnds(turned(to), u32(vni), protocol as never));

/** Both directions of an entry that came along, where its flow is of the packet's family. */
export const readBoth = (read: Reading, family: Family, entry: EntryRecord): U32 => {
  const { source, toDestination, vni, protocol } = entry;
  if (isIpv4(source) !== family.isIpv4 || isIpv4(toDestination) !== family.isIpv4) return 0;
  const own = read(family, family.keyOfEnds(clientOf(entry), vni, protocol));
  return own + readBack(read, family, decidedOf(entry), vni, protocol);
};
