/** Between a flow as nodes keep it, the record of the packet in hand, and an entry as it goes along a chain. */
import { type u8, u16 } from "zeta/bpf";
import type { FlowEnds } from "../flow/ends.ts";
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
}

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
  entry.note = 0;
};

/** What was decided elsewhere, where a commit finds it. */
export const noteDecided = (entry: EntryRecord, call: Call): void => {
  const { source, destination, sourcePort, destinationPort } = decidedOf(entry);
  call.source = source;
  call.destination = destination;
  call.sourcePort = sourcePort;
  call.destinationPort = destinationPort;
  call.change = entry.change;
  call.generation = entry.generation;
  call.place = entry.place;
  call.placeVni = entry.placeVni;
  call.fresh = 0;
  call.entered = 0;
  call.binds = 0;
};
