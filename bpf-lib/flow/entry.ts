/**
 * What is remembered of one direction of a flow. Addresses and ports are in memory order, as they lie in packets, so that
 * keys are made and packets rewritten without a swap. IPv4 and IPv6 stand in separate tables.
 */
import { address, array, bits, struct, u16, u32, u64 } from "zeta/bpf";

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

/** An IPv6 or mapped IPv4 address and a port in memory order: 24 bytes. */
export const endpointWords = struct({ address: array(u32, 4), port: u16, spare: u16, vni: u32 });
/** An address's four words, read as a value. */
export const addressValue = struct({ address });

const network = bits({ vni: 24, protocol: 8 });
export const key4 = struct({ source: u32, destination: u32, sourcePort: u16, destinationPort: u16, network });
export const key6 = struct({
  source: array(u32, 4),
  destination: array(u32, 4),
  sourcePort: u16,
  destinationPort: u16,
  network,
});

const rest = {
  /** Bits of `Change`. */
  change: u16,
  service: u16,
  /** Of the config that it was decided under. */
  generation: u32,
  /** Where its packets go: a slot of `zeta_node_hops`; 0 when that is not known yet. */
  hop: u32,
  /** When its route was last asked for, in units of `route/hop.ts`. */
  routed: u32,
  packets: u64,
  bytes: u64,
} as const;

/** The ends that packets of this direction leave with. */
export const entry4 = struct({ source: u32, destination: u32, sourcePort: u16, destinationPort: u16, ...rest });
export const entry6 = struct({
  source: array(u32, 4),
  destination: array(u32, 4),
  sourcePort: u16,
  destinationPort: u16,
  ...rest,
});
