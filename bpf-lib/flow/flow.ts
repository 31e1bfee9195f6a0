/** The flow that `decide` and `holds` see, and the decisions they make of it. */

import type { Endpoint, Packet } from "zeta";
import type { address, u8, u16, u32 } from "zeta/bpf";
import { choice, noteDelivery, type Outcome, OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { Change } from "./entry.ts";
import { hashAddress, hashFlow } from "./hash.ts";

export interface Ends {
  readonly source: address;
  readonly destination: address;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
  /** Where a middlebox before has it delivered, and in which network. */
  readonly place: address;
  readonly vni: u32;
}

const outcome = (ends: Ends, change: u32): Outcome => ({
  kind: OutcomeKind.Pass,
  reason: 0,
  change,
  source: ends.source,
  sourcePort: ends.sourcePort,
  destination: ends.destination,
  destinationPort: ends.destinationPort,
  place: ends.place,
  vni: ends.vni,
});

/** `ends` are what the middleboxes before have made of the packet's own. */
export const flowOf = (first: Packet, protocol: u8, ends: Ends, before: u32) => ({
  get from() {
    return choice(["client", "service"], 0);
  },
  vni: 0,
  first,
  source: ends.source,
  destination: ends.destination,
  protocol,
  sourcePort: ends.sourcePort,
  destinationPort: ends.destinationPort,
  hash: (of: "flow" | "source" = "flow"): u32 =>
    of === "source"
      ? hashAddress(ends.source)
      : hashFlow(ends.source, ends.destination, ends.sourcePort, ends.destinationPort, protocol),
  forward: () => outcome(ends, before),
  rewrite: (to: { readonly source?: Readonly<Endpoint>; readonly destination?: Readonly<Endpoint> }) => {
    const { source, destination } = to;
    const changes = (source === undefined ? 0 : Change.Source) | (destination === undefined ? 0 : Change.Destination);
    return outcome(
      {
        source: source === undefined ? ends.source : source.address,
        sourcePort: source === undefined ? ends.sourcePort : source.port,
        destination: destination === undefined ? ends.destination : destination.address,
        destinationPort: destination === undefined ? ends.destinationPort : destination.port,
        place: ends.place,
        vni: ends.vni,
      },
      before | changes,
    );
  },
  deliver: (
    to: { readonly vni: u32; readonly address: address },
    how: { readonly returns: "here" | "direct" } = { returns: "here" },
  ) => {
    noteDelivery();
    const ways = how.returns === "direct" ? Change.Deliver | Change.Direct : Change.Deliver;
    return { ...outcome(ends, (before & ~Change.Direct) | ways), place: to.address, vni: to.vni };
  },
});
