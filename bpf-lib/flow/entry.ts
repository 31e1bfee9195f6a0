/**
 * What is remembered of one direction of a flow. Addresses and ports are in memory order, as they lie in packets, so that
 * keys are made and packets rewritten without a swap. IPv4 and IPv6 stand in separate tables (bpf-lib/flow/ways.ts).
 */
import {
  address,
  array,
  bits,
  struct,
  u32 as toU32,
  u64 as toU64,
  type u8 as U8,
  type u16 as U16,
  type u32 as U32,
  type u64 as U64,
  u8,
  u16,
  u32,
  u64,
} from "zeta/bpf";
import { wayFields } from "./ways.ts";

/**
 * What the decision does; `Reply` marks the entry of what comes back from behind the service. An end whose pool is named
 * is changed too (`Source` with `SourcePool`), to what the commit finds; an entry keeps the mark of a pool whose mapping lives as long as it does.
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
  /** Its other direction is of the other family, and so are its ends (flow/across.ts). */
  Across: 256,
  /** Sequence numbers of its TCP connection are shifted (packet/shift.ts). */
  Shifted: 512,
} as const;

/** An IPv6 or mapped IPv4 address and a port in memory order: 24 bytes. */
export const endpointWords = struct({ address: array(u32, 4), port: u16, spare: u16, vni: u32 });
/** What few flows have beside their entries: of those that wait, and of those that have waited. */
export const besideRecord = struct({
  /** Of a direction that waits: the number of the client's ACK; of what comes back, what the middlebox keeps in mind. */
  note: u32,
  /** Of a shifted flow: what is added to sequence numbers on the way to the client. Of a client that waits: what its SYN offers. */
  shift: u32,
});

/** An address's four words, read as a value. */
export const addressValue = struct({ address });

const rest = {
  /** Bits of `Change`. */
  change: u16,
  /** Index of the service. */
  service: u16,
  /** Of the config that it was decided under. */
  generation: u32,
  /** Where its packets go: a slot of `zeta_node_hops` (0: not known yet), and when its route was asked for. */
  hop: bits({ routed: 8, slot: 24 }),
  packets: u64,
  bytes: u64,
} as const;

/**
 * A direction of a flow: its key, and the ends that its packets leave with. 64 bytes, one cache line. Key: the addresses;
 * ports in the low half of the second word, the network's number and the protocol in the high one (`networkWord`). The ends
 * of a direction whose packets become IPv6 have no room here: `source` then tells which entry is its partner.
 */
export const entry4 = struct({
  ...wayFields(2),
  /** Of `FlowState`. */
  state: u8,
  source: u32,
  destination: u32,
  sourcePort: u16,
  destinationPort: u16,
  ...rest,
});

/** The same for IPv6: 128 bytes. Key: four words of addresses, and one as above. */
export const entry6 = struct({
  ...wayFields(5),
  state: u8,
  source: array(u32, 4),
  destination: array(u32, 4),
  sourcePort: u16,
  destinationPort: u16,
  ...rest,
  /** Which entry of the IPv4 table is its partner, of a flow across the families; `source` and `destination` are IPv4's, mapped. */
  partner: u32,
  spare: u32,
  /** As of `besideRecord`. An IPv4 entry has no room for it. */
  note: u32,
  shift: u32,
});

/** The key of an IPv6 entry, read as what it was made of. */
export const keyWords = struct({
  source: array(u32, 4),
  destination: array(u32, 4),
  sourcePort: u16,
  destinationPort: u16,
  network: u32,
});

/** Ports in memory order, network and protocol, as the last word of a key. */
export const networkWord = (sourcePort: U16, destinationPort: U16, vni: U32, protocol: U8): U64 =>
  toU64(sourcePort | (toU32(destinationPort) << 16)) | (toU64((vni << 8) | protocol) << 32n);
