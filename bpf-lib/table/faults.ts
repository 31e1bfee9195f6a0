/** Why operations of the flow table are dropped. Each is counted by itself, as the node's own drop. */
import { Action, type u32 } from "zeta/bpf";
import { serviceReason } from "../../sdk/middlebox/internal.ts";
import { countNodeDrop } from "../node/drops.ts";
import { NODE } from "../node/services.ts";

export const TableFault = {
  /** From an interface that is not of the cluster's side. */
  Side: 0,
  /** Not of the form that operations have, or cut. */
  Form: 1,
  /** A tag that none of the good keys gives. */
  Tag: 2,
  /** An operation that is none, or that nodes of this kind have no part in. */
  Role: 3,
  /** Its hop budget has run out. */
  Hops: 4,
  /** The node that it is to go to is not known here. */
  Member: 5,
  /** No room for the operation's header before the packet. */
  Room: 6,
  /** Of a service that this node does not have. */
  Service: 7,
  /** It answers what was asked too long ago. */
  Late: 8,
  /** The flow has ended, and its entry stands until nobody can know it any more; its client tries again. */
  Ended: 9,
  /** The entry in hand and the one that stands here differ. */
  Conflict: 10,
  /** This node may not act: its view is too old, or lists it no more. */
  View: 11,
  /** Of what is brought: it is of another epoch, and its node begins again. */
  Epoch: 12,
  /** All that was decided of the flow's bucket is lost, and nothing is decided anew until nobody can know of it. */
  Quiet: 13,
  /** A copy of what was sent long ago, of another lifetime of its flow, maybe: of an entry, or of what asks about a fragment or an error. */
  Past: 14,
  /** Of a bucket whose chain this node is not in. */
  Chain: 15,
  /** This node is in the bucket's chain, but not where the operation is for. */
  Place: 16,
  /** An answer to what another node has asked. */
  Asker: 17,
  /** It says to be by a key that is not in force: no more, or not yet. */
  Key: 18,
  /** On a forwarder: what a switch has flooded that does not know where its member is. */
  Astray: 19,
} as const;

/** Their names, in that order. */
export const tableFaultNames = [
  "table: not from the cluster",
  "table: malformed operation",
  "table: forged operation",
  "table: wrong role",
  "table: hop budget",
  "table: no such member",
  "table: no room",
  "table: unknown service",
  "table: late answer",
  "table: flow has ended",
  "table: conflict",
  "table: no view",
  "table: transfer of another epoch",
  "table: decisions were lost",
  "table: old operation",
  "table: wrong chain",
  "table: wrong place",
  "table: another's answer",
  "table: key not in force",
  "table: for another member",
] as const;

/** Drops the packet in hand, and counts why. */
export const lost = (fault: u32): Action => {
  tableFaultNames.forEach((name, index) => {
    if (fault === index) countNodeDrop(NODE, serviceReason(name));
  });
  return Action.Drop;
};
