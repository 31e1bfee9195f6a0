/** Addresses and ports of a direction: of its key, or that its packets leave with. Values in host order. */
import type { address, u16 } from "zeta/bpf";

export interface FlowEnds {
  readonly source: address;
  readonly destination: address;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
}

/** The other direction of packets that go between these ends. */
export const turned = (of: FlowEnds): FlowEnds => ({
  source: of.destination,
  destination: of.source,
  sourcePort: of.destinationPort,
  destinationPort: of.sourcePort,
});
