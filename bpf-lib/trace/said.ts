/**
 * What each middlebox of a chain has decided of the packet in hand. Written by programs that take the place of services' own
 * while somebody traces (`tells` in service/parts.ts), and told by who watches (watch.ts).
 */
import { address, array, map, type Of, struct, u16, u32 } from "zeta/bpf";
import type { Outcome } from "../../sdk/middlebox/internal.ts";
import { traceHead } from "./record.ts";

/** Those further down the chain are not told of. */
export const MOST_TOLD = 16;

const endsRecord = struct({
  source: address,
  destination: address,
  place: address,
  placeVni: u32,
  /** Bits of `Change`. */
  change: u32,
  sourcePort: u16,
  destinationPort: u16,
  spare: u32,
});
export const saidRecord = struct({
  head: traceHead,
  /** Which have been asked: a bit for each place in the chain. */
  boxes: u32,
  spare: u32,
  /** As the packet came, before anybody was asked; and as each left it, by its place in the chain. */
  ends: array(endsRecord, MOST_TOLD + 1),
});
export const zeta_node_said = map.perCpuArray({ value: saidRecord, max: 1 });

const write = (at: u32, { source, destination, place, vni, change, sourcePort, destinationPort }: Outcome): void => {
  const said = zeta_node_said.at(0);
  if (said === null) return;
  const ends = said.ends[at] as Of<typeof endsRecord>;
  ends.source = source;
  ends.destination = destination;
  ends.place = place;
  ends.placeVni = vni;
  ends.change = change;
  ends.sourcePort = sourcePort;
  ends.destinationPort = destinationPort;
};

/** Nobody was asked yet. */
export const noteUndecided = (before: Outcome): void => {
  const said = zeta_node_said.at(0);
  if (said === null) return;
  said.boxes = 0;
  write(0, before);
};

/** The middlebox at this place, known while compiling, has let it pass so. */
export const noteDecided = (index: number, outcome: Outcome): void => {
  const said = zeta_node_said.at(0);
  if (said === null || index >= MOST_TOLD) return;
  said.boxes |= 1 << index;
  write(index + 1, outcome);
};
