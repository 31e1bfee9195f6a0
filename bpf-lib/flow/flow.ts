/** The flow that `decide` and `holds` see, and the decisions they make of it. */

import type { Endpoint, Packet } from "zeta";
import { address, type u8, type u16, type u32 } from "zeta/bpf";
import { choice, isPool, noteDelivery, type Outcome, OutcomeKind } from "../../sdk/middlebox/internal.ts";
import type { OpenPool } from "../config/port-pool.ts";
import { Change } from "./entry.ts";
import { hashAddress, hashFlow } from "./hash.ts";

/** A flow as its packet has it. */
export interface Key {
  readonly source: address;
  readonly destination: address;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  readonly protocol: u8;
}

/** What is decided before anybody was asked: nothing is changed. */
export const undecided = (key: Key): Outcome => ({
  kind: OutcomeKind.Pass,
  reason: 0,
  change: 0,
  source: key.source,
  sourcePort: key.sourcePort,
  destination: key.destination,
  destinationPort: key.destinationPort,
  place: address(0n),
  vni: 0,
  sourcePool: 0,
  destinationPool: 0,
  binds: 0,
  note: 0,
  offer: 0,
  shift: 0,
});

type End = Readonly<Endpoint> | OpenPool;
const isNamed = (end: End): end is OpenPool => isPool(end);

/** The source becomes an endpoint, or what a pool will give; the last to speak counts. */
const withSource = (before: Outcome, to: End): Outcome => {
  if (isNamed(to)) return { ...before, change: before.change | Change.Source | Change.SourcePool, sourcePool: to.pool };
  const change = (before.change & ~Change.SourcePool) | Change.Source;
  return { ...before, change, source: to.address, sourcePort: to.port };
};

const withDestination = (before: Outcome, to: End): Outcome => {
  if (isNamed(to)) {
    const change = before.change | Change.Destination | Change.DestinationPool;
    return { ...before, change, destinationPool: to.pool };
  }
  const change = (before.change & ~Change.DestinationPool) | Change.Destination;
  return { ...before, change, destination: to.address, destinationPort: to.port };
};

/** What a decision that waits is asked with. */
export interface Waiting {
  readonly note: u32;
  readonly reply: Packet;
  readonly decided: { readonly source: Readonly<Endpoint>; readonly destination: Readonly<Endpoint> };
}

/** The flow that `complete` sees; `key` is what its client sends. */
export const pendingFlowOf = (key: Key, { note, reply, decided }: Waiting) => ({
  ...key,
  vni: reply.vni,
  decided,
  note,
  reply,
  complete: (shift: { readonly sequence: u32 }): Outcome => ({
    ...undecided(key),
    kind: OutcomeKind.Complete,
    shift: shift.sequence,
  }),
  wait: (): Outcome => ({ ...undecided(key), kind: OutcomeKind.Wait }),
});

/** `before` is what the middleboxes before have decided. */
export const flowOf = (first: Packet, protocol: u8, before: Outcome) => ({
  get from() {
    return choice(["client", "service"], 0);
  },
  vni: first.vni,
  first,
  source: before.source,
  destination: before.destination,
  protocol,
  sourcePort: before.sourcePort,
  destinationPort: before.destinationPort,
  hash: (of: "flow" | "source" = "flow"): u32 =>
    of === "source"
      ? hashAddress(before.source)
      : hashFlow(before.source, before.destination, before.sourcePort, before.destinationPort, protocol),
  forward: () => before,
  rewrite: (to: { readonly source?: End; readonly destination?: End }) => {
    const { source, destination } = to;
    const half = source === undefined ? before : withSource(before, source);
    return destination === undefined ? half : withDestination(half, destination);
  },
  deliver: (
    to: { readonly vni: u32; readonly address: address },
    how: { readonly returns: "here" | "direct" } = { returns: "here" },
  ) => {
    noteDelivery();
    const ways = how.returns === "direct" ? Change.Deliver | Change.Direct : Change.Deliver;
    return { ...before, change: (before.change & ~Change.Direct) | ways, place: to.address, vni: to.vni };
  },
});
