/** What is told of traced packets, and what goes along with one from program to program. User space reads all of it. */
import { address, array, constant, map, struct, u8, u16, u32, u64 } from "zeta/bpf";

/** What has happened to a packet. */
export const Point = {
  /** With its bytes as they came: told when all is over, before `Left`. */
  Arrived: 1,
  /** With its bytes as they are now. `detail`: the action; `extra`: the interface that it leaves by. */
  Left: 2,
  /** A service was found by its address. */
  Service: 3,
  /** Its flow was found. `detail`: 1 for a reply, 2 more for a fragment that follows its first; ends: as it is to leave. */
  Flow: 4,
  /** Its service's filters are asked. `detail`: of `From`. */
  Filter: 5,
  /** Its service is asked to decide: `detail` is of `Ask`. */
  Ask: 6,
  /** It was decided: `detail` is of `OutcomeKind`, or `HELD`; `extra`: the reason, of the service's list; ends: as decided. */
  Decided: 7,
  /** Both directions of its flow are entered. */
  Entered: 8,
  /** The kernel is asked for its route. */
  Route: 9,
  /** It goes into a tunnel, or has come out of one: `vni` tells the network. */
  Wrap: 10,
  Unwrapped: 11,
  /** Too long, or without a hop left to live. */
  Obstacle: 12,
  /** It is an ICMP error about a flow's packet. */
  Error: 13,
  /** By the node: `detail` is the reason, of the node's list. */
  Dropped: 14,
  /** Its sender is told that it was rejected. */
  Refuse: 15,
  /** It becomes one of the other family. */
  Translated: 16,
  /** A flow that waited for it was asked about: `detail` is of `OutcomeKind`; `extra`: the reason, or by how much numbers are shifted. */
  Completed: 17,
  /** What each middlebox has decided (said.ts). */
  Said: 18,
} as const;

/** The old decision stands. */
export const HELD = 0xff;

/** What every record tells. Records have no padding, so that they go out from where they are made. */
export const traceHead = struct({
  /** Nanoseconds of the monotonic clock. */
  at: u64,
  /** The packet's number on its CPU. */
  packet: u32,
  cpu: u32,
  /** Of `Point`. */
  point: u32,
  service: u32,
  vni: u32,
  detail: u32,
  extra: u32,
  /** Which middlebox of the service had the last word, and what it said when it was asked whether it stands by its word. */
  box: u8,
  holds: u8,
  spare: u16,
});
export const traceEnds = struct({
  source: address,
  destination: address,
  sourcePort: u16,
  destinationPort: u16,
  spare: u32,
});
export const traceStep = struct({ head: traceHead, ends: traceEnds });

/** Longer frames are cut. */
export const MOST_BYTES = 2047;
/**
 * A frame's bytes in pieces of powers of two, so that each is copied whole: there are those whose size is a bit of the
 * length, the longest first.
 */
export const tracePieces = struct({
  of1024: array(u8, 1024),
  of512: array(u8, 512),
  of256: array(u8, 256),
  of128: array(u8, 128),
  of64: array(u8, 64),
  of32: array(u8, 32),
  of16: array(u8, 16),
  of8: array(u8, 8),
  of4: array(u8, 4),
  of2: array(u8, 2),
  of1: array(u8, 1),
});
export const traceFrame = struct({
  head: traceHead,
  /** Of the frame. */
  length: u32,
  /** The interface that it came by. */
  ingress: u32,
  /** Which of its service's programs was entered last, and what the service has said: of `OutcomeKind`, and a reason of its list. */
  asked: u32,
  said: u32,
  reason: u32,
  pieces: tracePieces,
  spare: array(u8, 5),
});

const RING_BYTES = 4_194_304;
export const zeta_node_trace = map.ringBuffer({ max: RING_BYTES });

export const Asked = { None: 0, Filter: 1, Decide: 2 } as const;
/** Of the packet in hand. */
export const traceMark = struct({
  /** Counts traced packets. */
  packet: u32,
  /** Whether this one is. */
  traced: u32,
  /** Records that found no room. */
  lost: u64,
  /** The interface that it is sent to. */
  out: u32,
  /** Which of its service's programs was entered last: of `Asked`. */
  asked: u32,
  /** Where records are made: on the stack there is no room. */
  step: traceStep,
});
export const zeta_node_trace_mark = map.perCpuArray({ value: traceMark, max: 1 });
/** Each packet as it came, until it is known whether it is traced. */
export const zeta_node_trace_frame = map.perCpuArray({ value: traceFrame, max: 1 });

/** What is no choice. */
export const ANY = 0xffff_ffff;
/** Which packets are meant: every part must fit. Set before loading. */
export const zeta_trace = constant(
  struct({ mask: address, address, vni: u32, service: u32, port: u32, protocol: u32 }),
  { mask: 0n, address: 0n, vni: ANY, service: ANY, port: ANY, protocol: ANY },
);
