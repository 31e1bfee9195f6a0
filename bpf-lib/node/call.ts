/**
 * What the node's programs and a service's programs tell each other about the packet in hand: tail calls take no
 * arguments. One record per CPU; a packet's programs run on one CPU without interruption, so nobody else writes it meanwhile.
 * This record and the jump tables are all that a service knows of the node.
 */
import { address, mac, map, type Of, struct, u8, u16, u32 } from "zeta/bpf";
import { noted } from "../packet/reopen.ts";

/** What is known of a packet already when it arrives: it comes from a stage, its network noted; it has no flow, and `service` takes it. */
export const Inside = { Noted: 1, Sought: 2 } as const;
/** Which side sent the packet. */
export const From = { Client: 0, Service: 1 } as const;
/**
 * What a service's decide program is asked; with `Bind`, to write what a decision binds whose entries stand; with `Owns`, whether
 * its pools have an external endpoint that a mapping was given. With `Complete`, its flow waits, and this is a packet from behind
 * the service; with `Anew`, the packet may be the first of another connection.
 */
export const Ask = { Decide: 0, Holds: 1, Bind: 2, Owns: 3, Complete: 4, Anew: 5 } as const;
/** What is known of that. */
export const Owned = { Unasked: 0, Yes: 1, No: 2 } as const;

/** What its answer to `Ask.Holds` is, besides: `Denied` and more name the middlebox that does not stand by it. */
export const Holds = { Unasked: 0, Yes: 1, Denied: 2 } as const;
/** No middlebox of the chain, but the chain as a whole. */
export const NO_BOX = 0xff;

export const callRecord = struct({
  /** The network the packet belongs to; 0 outside overlays. */
  vni: u32,
  /** For the root and what is behind it: bits of `Inside`. */
  inside: u8,
  /** The packet as it was found: what comes after takes it from here. */
  packet: noted,
  /** Index of the service. */
  service: u32,
  /** Of `From`. */
  from: u8,
  /** 1 when its flow stands; for filters. */
  stands: u8,
  /** Of `Ask`. */
  ask: u8,
  /** Of `Holds`. */
  holds: u8,
  /** Of `OutcomeKind`. */
  kind: u8,
  /** The middlebox that had the last word, by its place in the chain: written where the word is not "pass". */
  box: u8,
  /** Index of the reason in the service's own list. */
  reason: u32,
  /** Of the config that the service decided under. */
  generation: u32,
  /** Bits of `Change`. */
  change: u32,
  /** Which of its service's bindings the decision writes, once it stands: 0 when they are written. */
  binds: u32,
  /** What was decided: asked about, or answered. */
  source: address,
  destination: address,
  sourcePort: u16,
  destinationPort: u16,
  placeVni: u32,
  place: address,
  /** Of a flow that waits: what its middlebox keeps in mind, what the SYN offers, and what ends the waiting: the shift. */
  note: u32,
  offer: u32,
  shift: u32,
  /** With `Change.SourcePool`: `source` is one of the pool's addresses, and these are the ports that it may give. */
  poolFirst: u16,
  poolLast: u16,
  /** 1 when a port is bound to one remote endpoint. */
  perDestination: u8,
  /** Of `Owned`, of the external endpoint that follows. */
  owned: u8,
  mappedPort: u16,
  mapped: address,
  /** Which mappings of a flow are to be kept, as bits of `Change`; and the flow's state before this packet. */
  keeps: u16,
  was: u8,
  /** Which entries are prepared to be entered: a bit for each of `Fresh`. */
  fresh: u32,
  /** Which of them stand in the IPv6 table: all or none, but of flows across the families. */
  sixes: u32,
  /** Which of them are entered. */
  entered: u32,
  /** The entry that the packet follows, and its serial number. */
  index: u32,
  serial: u32,
  /** 1 when the flow that is asked about has been decided before. */
  decided: u8,
  /** 1 when its tenant's quota leaves room for the flow. */
  admitted: u8,
  /** 1 when what was to be entered was there: by another packet of the flow, on another CPU, or by another flow. */
  taken: u8,
  /** Of a flow across the families whose route is being asked for: the stage that its packet came from; 0 otherwise. */
  routed: u8,
  /** 1 when that route leads to the node itself. */
  here: u8,
  /** On a forwarder: 1 when a chain has been asked for the flow of an ICMP error, or for a fragment's first. */
  asked: u8,
  /** By how many bytes a packet that is stopped would have grown, modulo 2^32; set for `Stage.Obstacle`, which sets it to 0. */
  growth: u32,
  /** The hop that the packet leaves by, for the stages that put it into a tunnel or say why it cannot go. */
  hop: u32,
  /** Of a packet that came in a tunnel: the node's own MAC address on the wire, where the host's stack takes it. */
  station: mac,
});
export type Call = Of<typeof callRecord>;
export const zeta_node_call = map.perCpuArray({ value: callRecord, max: 1 });
