/** What is remembered of a flow: its key, its decision, and where its packets go next. */
import { address, array, bigEndian, bits, mac, struct, u16, u32, u64 } from "zeta/bpf";

/** A flow's identity, both ways: 40 bytes. */
export const flowKey = struct({
  source: address,
  destination: address,
  sourcePort: u16,
  destinationPort: u16,
  network: bits({ vni: 24, protocol: 8 }),
});

/** An address in the 128-bit form and a port, as they lie in packets: 24 bytes. */
export const endpointWords = struct({ address: array(u32, 4), port: u16, spare: u16, vni: u32 });
/** The same bytes, read as values. */
export const endpointValues = struct({ address, port: bigEndian(u16) });

/**
 * What the decision does; `Reply` marks the entry of what comes back from behind the service. An end whose pool is named
 * is changed too (`Source` with `SourcePool`), to what the commit finds; entries know nothing of pools.
 */
export const Change = {
  Source: 1,
  Destination: 2,
  Deliver: 4,
  Direct: 8,
  Reply: 16,
  SourcePool: 32,
  DestinationPool: 64,
  /** It waits for a packet from behind the service. */
  Pending: 128,
} as const;

/** Where the packet is sent: found by a route look-up and good until `until` (in jiffies). */
export const nextHop = struct({ until: u64, interface: u32, destination: mac, source: mac });

/** A decision as one direction of a flow applies it. */
export const flowEntry = struct({
  source: endpointWords,
  destination: endpointWords,
  /** Where it is delivered, and in which network; nowhere unless `Change.Deliver`. */
  place: endpointWords,
  change: u32,
  generation: u32,
  hop: nextHop,
  packets: u64,
  bytes: u64,
});
