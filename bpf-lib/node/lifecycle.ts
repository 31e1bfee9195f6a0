/**
 * Lifecycle of flows, for whoever reads it: opened when a decision is committed, closed when it ends, with totals. A record
 * is told once; one that finds no room is counted, and the reader then walks the flow table (runtime/service/lifecycle.ts),
 * so that of flows that live it is at least once. Nothing is made while nobody listens.
 */
import { address, clock, map, struct, type u32 as U32, u8, u16, u32, u64 } from "zeta/bpf";
import type { FlowEnds } from "../flow/ends.ts";
import { FlowState } from "../flow/state.ts";
import type { Entry } from "../flow/table.ts";
import type { Parts } from "../packet/open.ts";

export const Lifecycle = { Opened: 1, Closed: 2 } as const;
/** Why a flow closed. `Replaced`: its decision no longer held, or it opened anew under newer config. */
export const CloseReason = { None: 0, Replaced: 1, Finished: 2, Idle: 3, Evicted: 4, Flushed: 5 } as const;

/** An address and a port at either end. */
const ends = struct({ source: address, destination: address, sourcePort: u16, destinationPort: u16 });

export const lifecycleRecord = struct({
  /** Nanoseconds of the monotonic clock. */
  at: u64,
  /** From the client to behind the service, and back; of closed flows. */
  packets: u64,
  bytes: u64,
  replyPackets: u64,
  replyBytes: u64,
  /** As the client sends it, and as it was decided. */
  flow: ends,
  decided: ends,
  service: u32,
  vni: u32,
  generation: u32,
  protocol: u8,
  /** Of `Lifecycle`, and of `CloseReason`. */
  event: u8,
  reason: u8,
});
const RING_BYTES = 1_048_576;
export const zeta_node_lifecycle = map.ringBuffer({ max: RING_BYTES });
/** Slot 0: not 0 while somebody listens. */
export const zeta_node_listeners = map.array({ value: u32, max: 1 });
/** Records that found no room. */
export const zeta_node_lifecycle_lost = map.perCpuArray({ value: struct({ count: u64 }), max: 1 });

export interface Told {
  readonly service: U32;
  readonly vni: U32;
  readonly generation: U32;
}

interface Totals {
  readonly packets: u64;
  readonly bytes: u64;
}
const NONE: Totals = { packets: 0n, bytes: 0n };

const write = (
  parts: Parts,
  decided: FlowEnds,
  event: U32,
  reason: U32,
  told: Told,
  sent: Totals,
  replies: Totals,
): void => {
  const record = zeta_node_lifecycle.reserve(lifecycleRecord);
  if (record === null) {
    const lost = zeta_node_lifecycle_lost.at(0);
    if (lost !== null) lost.count += 1n;
    return;
  }
  const { source, destination, sourcePort, destinationPort } = parts;
  record.at = clock("monotonic");
  record.packets = sent.packets;
  record.bytes = sent.bytes;
  record.replyPackets = replies.packets;
  record.replyBytes = replies.bytes;
  record.flow = { source, destination, sourcePort, destinationPort };
  record.decided = decided;
  record.service = told.service;
  record.vni = told.vni;
  record.generation = told.generation;
  record.protocol = parts.protocol;
  record.event = u8(event);
  record.reason = u8(reason);
  zeta_node_lifecycle.submit(record);
};

/** Whether somebody listens. */
export const isHeard = (): boolean => (zeta_node_listeners.at(0) ?? 0) !== 0;

/** A client's packet has opened a flow that was decided so. */
export const tellOpened = (parts: Parts, decided: FlowEnds, of: Told): void => {
  if (isHeard()) write(parts, decided, Lifecycle.Opened, CloseReason.None, of, NONE, NONE);
};

/** Why a flow is forgotten for another decision. */
export const closeReason = (entry: Entry): U32 =>
  entry.state === FlowState.Closing ? CloseReason.Finished : CloseReason.Replaced;

/** The flow of this entry, which a client's packet has found and which was `decided` so, is about to be forgotten; `replies` is its other direction. */
export const tellClosed = (
  parts: Parts,
  decided: FlowEnds,
  entry: Entry,
  replies: Entry | null,
  vni: U32,
  reason: U32,
): void => {
  const { service, generation, packets, bytes } = entry;
  const back = replies === null ? NONE : { packets: replies.packets, bytes: replies.bytes };
  write(parts, decided, Lifecycle.Closed, reason, { service, vni, generation }, { packets, bytes }, back);
};
