/**
 * Operations of the distributed flow table, as they lie in packets: Geneve options (RFC 8926) before the tenant's frame, see
 * docs/decisions/0016-a-flow-table-of-ordinary-nodes.md. Numbers are in network order, as everywhere on the wire.
 */
import {
  address,
  bigEndian,
  type Frame,
  geneveOption,
  map,
  type Of,
  struct,
  u32 as toU32,
  type u16 as U16,
  type u32 as U32,
  u8,
  u16,
  u32,
  u64,
} from "zeta/bpf";

/** What is asked of a node, or answered to one. */
export const Operation = {
  /** Forwarder to reading node: the packet's flow is not known, or its lease is to be renewed. */
  Lookup: 1,
  /** To the head: a packet that opens a connection, or whose flow the reading node does not have. */
  Decide: 2,
  /** To the head: the flow lives on, or its connection has come further. */
  Touch: 3,
  /** To the head: its connection is over. */
  Close: 4,
  /** Along the chain: to be stored. */
  Update: 5,
  /** To the forwarder: the packet goes on, by the entry. */
  Reply: 6,
  /** Along the path, and to the forwarder: the packet's service refuses it, and its sender is told. */
  Refuse: 7,
  /** Along the path, and to the forwarder: nobody keeps such a flow, and no service takes the packet. */
  Nobody: 8,
  /** To the forwarder, or along the way back: of another epoch. The packet as it came. */
  Stale: 9,
  /** From the reading node to members that have not everything: a flow that stood when they began to be filled (transfer.ts). */
  Transfer: 10,
  /** Back to the reading node, from the last of them: all of them have that. */
  Stored: 11,
  /** Forwarder to the head of a bucket of its own: a fragment, whose first others ask for, or which asks for its first. */
  Fragment: 12,
  /** To the forwarder: the fragment, and what is known of its first. */
  Followed: 13,
  /** Forwarder to where a flow would stand that the packet answers; of no such flow, it goes on to where it asks by itself (seek.ts). */
  Seek: 14,
  /** To the head, from the last of a path: all of it know that the flow has ended (over.ts). */
  Over: 15,
} as const;

/** In the place of a service: none is asked, but what is known of a fragment's first. */
export const FRAGMENT = 0xffff;

/** This bit, and a time of the flow-table node that has sent an operation back. Other details of packets with ports are less. */
export const ASKED_BACK = 0x8000_0000;

/** Ports in one word. */
export const portsIn = (ports: U32): { readonly sourcePort: U16; readonly destinationPort: U16 } => ({
  sourcePort: u16(ports >>> 16),
  destinationPort: u16(ports & 0xffff),
});
export const portsOf = ({ sourcePort, destinationPort }: ReturnType<typeof portsIn>): U32 =>
  (toU32(sourcePort) << 16) | destinationPort;

/** The class of our options: of those for experiments (RFC 8926 section 10). */
export const OPTION_CLASS = 0xff5a;
/** Types of options, with the bit of critical ones: whoever does not know them drops the packet. */
export const OptionType = { Operation: 0x81, Entry: 0x82 } as const;

/** Geneve with an option of ours first. Read where it is over IPv4 without options: nothing else is one. */
const OPTION_AT = 50;
export const isOperation = (frame: Frame): boolean =>
  frame.cursor(OPTION_AT).peek(geneveOption)?.class === OPTION_CLASS;

/** 32 bytes: the body of the first option. */
export const operationRecord = struct({
  /** Of `Operation`. */
  operation: u8,
  /** How many more nodes it may go to. */
  hops: u8,
  /** Position in the bucket's chain of the node that it goes to. */
  place: u8,
  /** Number of the key that its tag is made with (view.ts). */
  key: u8,
  epoch: bigEndian(u32),
  bucket: bigEndian(u16),
  /** Index of the service; 0 where the forwarder knows none. Of a first fragment that is known: how many bytes of the packet it holds. */
  service: bigEndian(u16),
  /** The node that the packet came to. */
  forwarder: bigEndian(u32),
  /**
   * When it left there, by that node's own clock: in spans (bpf-lib/flow/time.ts). Others can tell by it what is too old (age.ts). Of a
   * transfer, the number that its node has given to it.
   */
  sent: bigEndian(u32),
  /**
   * The reason of a refusal; of a transfer, the serial number of the entry at its node; of a later fragment, its ports; of what was asked back
   * for its age, when it was (`ASKED_BACK`); otherwise 0.
   */
  detail: bigEndian(u32),
  tag: bigEndian(u64),
});
export type OperationRecord = Of<typeof operationRecord>;

/** 120 bytes: the body of the second option. A flow, as its client's packets have it, and what was decided. */
export const entryRecord = struct({
  /** Epoch, count and state in one word (version.ts); 0: none yet. */
  version: bigEndian(u64),
  /** Of the config that it was decided under. */
  generation: bigEndian(u32),
  vni: bigEndian(u32),
  source: address,
  destination: address,
  /** The ends that its packets leave with. */
  toSource: address,
  toDestination: address,
  /** Where they are delivered to, if they are. */
  place: address,
  placeVni: bigEndian(u32),
  sourcePort: bigEndian(u16),
  destinationPort: bigEndian(u16),
  toSourcePort: bigEndian(u16),
  toDestinationPort: bigEndian(u16),
  /** Bits of `Change`. */
  change: bigEndian(u16),
  /** Of the client's packets. */
  protocol: u8,
  spare: u8,
  /** Of a transferred entry, how long it lives on, in seconds; otherwise 0: as long as its state has it. */
  life: bigEndian(u32),
  /** Of a flow that waits: what its middlebox keeps in mind. The rest stands in the SYN that goes along. Of one that has waited: the shift. */
  note: bigEndian(u32),
});
export type EntryRecord = Of<typeof entryRecord>;

/** The operation in hand, which came with the packet or is to leave with it. One on each CPU, as the call's record. */
export const operationInHand = struct({
  of: operationRecord,
  entry: entryRecord,
  /** Network of the packet itself: the way back of a flow may be in another than its client's. */
  vni: u32,
  /** Not 0 when the second option goes along; 2 when it is being entered for the second time (again.ts). */
  withEntry: u8,
  /** Of no meaning: what was read ahead (ahead.ts) ends here, so that it is read. */
  ahead: u32,
});
export type InHand = Of<typeof operationInHand>;
export const zeta_table_operation = map.perCpuArray({ value: operationInHand, max: 1 });
