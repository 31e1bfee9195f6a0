/** Between a flow as nodes keep it, the record of the packet in hand, and an entry as it goes along a chain. */
import { type u8, u16 } from "zeta/bpf";
import type { FlowEnds } from "../flow/ends.ts";
import { Change } from "../flow/entry.ts";
import type { Call } from "../node/call.ts";
import type { EntryRecord } from "./operation.ts";

/** The ends of the client's packets. */
export const clientOf = (entry: EntryRecord): FlowEnds & { readonly protocol: u8 } => {
  const { source, destination, sourcePort, destinationPort, protocol } = entry;
  return { source, destination, sourcePort, destinationPort, protocol };
};

/** The ends that they leave with. */
export const decidedOf = (entry: EntryRecord): FlowEnds => ({
  source: entry.toSource,
  destination: entry.toDestination,
  sourcePort: entry.toSourcePort,
  destinationPort: entry.toDestinationPort,
});

export interface Decided {
  readonly client: FlowEnds & { readonly protocol: u8 };
  readonly to: FlowEnds;
  readonly change: number;
  readonly generation: number;
  readonly vni: number;
  readonly place: bigint;
  readonly placeVni: number;
  readonly note: number;
}

/** The bits of a decision, without those that only nodes have use for. */
export const DECIDED =
  Change.Source | Change.Destination | Change.Deliver | Change.Direct | Change.SourcePool | Change.DestinationPool;
/** Those of a flow that waits, and of one that has waited: a lifetime's decision is the same before and after. */
export const WAITS = Change.Pending | Change.Shifted;

export const writeEntry = (entry: EntryRecord, decided: Decided): void => {
  const { client, to } = decided;
  entry.generation = decided.generation;
  entry.vni = decided.vni;
  entry.source = client.source;
  entry.destination = client.destination;
  entry.sourcePort = client.sourcePort;
  entry.destinationPort = client.destinationPort;
  entry.protocol = client.protocol;
  entry.spare = 0;
  entry.toSource = to.source;
  entry.toDestination = to.destination;
  entry.toSourcePort = to.sourcePort;
  entry.toDestinationPort = to.destinationPort;
  entry.change = u16(decided.change);
  entry.place = decided.place as never;
  entry.placeVni = decided.placeVni;
  entry.life = 0;
  entry.note = decided.note;
};

/** What was decided elsewhere, where a commit finds it. */
export const noteDecided = (entry: EntryRecord, call: Call): void => {
  const { source, destination, sourcePort, destinationPort } = decidedOf(entry);
  call.source = source;
  call.destination = destination;
  call.sourcePort = sourcePort;
  call.destinationPort = destinationPort;
  // Until its shift is known too, one that has waited is entered as one that waits.
  const shifted = entry.change & Change.Shifted;
  call.change = (entry.change & ~Change.Shifted) | (shifted === 0 ? 0 : Change.Pending);
  call.generation = entry.generation;
  call.place = entry.place;
  call.placeVni = entry.placeVni;
  call.fresh = 0;
  call.entered = 0;
  call.binds = 0;
};
