/**
 * The lifecycle of a service's flows: what a mapping log (RFC 6888 REQ-12) or an account is made of. Shapes are those of
 * bpf-lib/node/lifecycle.ts.
 */

import { formatAddress } from "../../sdk/layout/address.ts";
import { lookup, update, valueStride } from "../loader/map-operations.ts";
import { word } from "../loader/word.ts";
import { type EventOptions, events } from "../maps/events.ts";
import type { EndedFlow } from "../node/endings.ts";
import type { FlowEnds as EndValues } from "../node/flows.ts";
import type { Node } from "../node/node.ts";
import { lifecycleLayout, NODE_MAP } from "../node/shapes.ts";
import { eachFlow } from "./flows.ts";

/** "10.0.0.7:40000", "[2001:db8::7]:40000". Of ICMP echo, the port is the identifier. */
type End = string;

export interface FlowEnds {
  readonly source: End;
  readonly destination: End;
}

interface Told {
  readonly service: string;
  /** The tenant's network; 0 outside overlays. */
  readonly vni: number;
  /** IANA's number: 6 TCP, 17 UDP, 1 and 58 ICMP. */
  readonly protocol: number;
  /** As the client sends it. */
  readonly flow: FlowEnds;
  /** As it leaves: of a NAT, `source` is the external address and port. */
  readonly decided: FlowEnds;
  /** Generation of the config that it was decided under. */
  readonly generation: number;
  /** When it happened; null for flows found by walking the table. */
  readonly at: Date | null;
}

export interface FlowOpened extends Told {
  readonly event: "opened";
  /** It was there before: this reader has perhaps heard of it. */
  readonly again: boolean;
}

export interface FlowClosed extends Told {
  readonly event: "closed";
  /** "replaced": its decision no longer held, or it opened anew under newer config. */
  readonly reason: "replaced" | "finished" | "idle" | "evicted" | "flushed";
  /** From the client, and to it. */
  readonly sent: { readonly packets: bigint; readonly bytes: bigint };
  readonly received: { readonly packets: bigint; readonly bytes: bigint };
}

export type FlowEvent = FlowOpened | FlowClosed;

interface LifecycleRecord {
  readonly at: bigint;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly replyPackets: bigint;
  readonly replyBytes: bigint;
  readonly flow: EndValues;
  readonly decided: EndValues;
  readonly service: number;
  readonly vni: number;
  readonly generation: number;
  readonly protocol: number;
  readonly event: number;
  readonly reason: number;
}

const OPENED = 1;
const REASONS: readonly FlowClosed["reason"][] = ["replaced", "replaced", "finished", "idle", "evicted", "flushed"];

function endText(address: bigint, port: number): End {
  const text = formatAddress(address);
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
}
const endsText = (of: EndValues): FlowEnds => ({
  source: endText(of.source, of.sourcePort),
  destination: endText(of.destination, of.destinationPort),
});

/** From the kernel's monotonic clock, which is this process's high-resolution clock. */
const wallTime = (at: bigint): Date => new Date(Date.now() - Number((process.hrtime.bigint() - at) / 1_000_000n));

function eventOf(record: LifecycleRecord, service: string): FlowEvent {
  const told: Told = {
    service,
    vni: record.vni,
    protocol: record.protocol,
    flow: endsText(record.flow),
    decided: endsText(record.decided),
    generation: record.generation,
    at: wallTime(record.at),
  };
  if (record.event === OPENED) return { event: "opened", again: false, ...told };
  return {
    event: "closed",
    ...told,
    reason: REASONS[record.reason] ?? "replaced",
    sent: { packets: record.packets, bytes: record.bytes },
    received: { packets: record.replyPackets, bytes: record.replyBytes },
  };
}

type Place = Pick<Node, "manifest" | "object">;
type Watched = Pick<Node, "manifest" | "object" | "endings">;

function* standing(node: Place, index: number, service: string): Generator<FlowOpened> {
  for (const flow of eachFlow(node, index)) {
    const { vni, protocol, generation } = flow;
    const ends = { flow: endsText(flow.flow), decided: endsText(flow.decided) };
    yield { event: "opened", again: true, service, vni, protocol, generation, at: null, ...ends };
  }
}

function lostCount({ object }: Place): bigint {
  const map = object.map(NODE_MAP.lifecycleLost);
  const bytes = lookup(map, word(0));
  if (bytes === null) return 0n;
  let sum = 0n;
  for (let cpu = 0; cpu < map.copies; cpu++) sum += Buffer.from(bytes).readBigUInt64LE(cpu * valueStride(map));
  return sum;
}

const CLOSED = 2;
const CODE = { idle: 3, finished: 2, gone: 3, flushed: 5 } as const;

const nameOf = ({ vni, protocol, flow, decided }: LifecycleRecord): string =>
  [vni, protocol, ...Object.values(flow), ...Object.values(decided)].join(" ");

/** A flow that a sweep found to have ended, as the data plane would have told of it. */
function recordOf({ reason, client, sent, replies, ...flow }: EndedFlow): LifecycleRecord {
  const { packets, bytes, service, vni, generation, protocol } = flow;
  return {
    at: process.hrtime.bigint(),
    ...{ packets, bytes, replyPackets: replies.packets, replyBytes: replies.bytes },
    ...{ flow: client, decided: sent, service, vni, generation, protocol, event: CLOSED, reason: CODE[reason] },
  };
}

/** Ends that were found by sweeps, in the order of finding; waited for beside the data plane's records. */
function foundEnds(node: Watched, index: number) {
  const found: EndedFlow[] = [];
  let wake = Promise.withResolvers<void>();
  const watching = node.endings.watch((ended) => {
    if (ended.service !== index) return;
    found.push(ended);
    wake.resolve();
  });
  return {
    take: (): EndedFlow[] => found.splice(0),
    some: (): Promise<void> => {
      if (found.length === 0) wake = Promise.withResolvers<void>();
      return found.length === 0 ? wake.promise : Promise.resolve();
    },
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}

/** How many closed flows are remembered, so that what the data plane has told is not told again when a sweep misses it. */
const MOST_TOLD = 65_536;

/**
 * Every flow that opens and closes, from those that stand when it begins: of flows that live, each is told at least once,
 * also when the reader is too slow for the buffer (all that stand are told again, with `again`). What closed by a packet
 * meanwhile may be lost, and is counted by `lost`. Flows that end by idling are found by sweeps of the flow tables, some
 * seconds later when there are many: at least once each if they lived longer than a sweep takes. One whose place another
 * took before it was found is told with the totals of the sweep before. One reader per node; leaving the loop ends it.
 */
export async function* lifecycle(
  node: Watched,
  index: number,
  service: string,
  options: Pick<EventOptions, "signal"> = {},
): AsyncGenerator<FlowEvent, undefined> {
  const listeners = node.object.map(NODE_MAP.listeners);
  update(listeners, word(0), word(1));
  const stream = events<LifecycleRecord>(node.object.map(NODE_MAP.lifecycle), lifecycleLayout(node.manifest), options);
  using ends = foundEnds(node, index);
  const told = new Set<string>();
  try {
    let lost = lostCount(node);
    yield* standing(node, index, service);
    for (let next = stream.next(); ; ) {
      const step = await Promise.race([next, ends.some()]);
      if (step === undefined) {
        for (const ended of ends.take()) {
          const record = recordOf(ended);
          // One that another flow has taken the place of, the data plane may have told.
          if (ended.reason === "gone" && told.delete(nameOf(record))) continue;
          yield eventOf(record, service);
        }
        continue;
      }
      if (step.done === true) return undefined;
      next = stream.next();
      const record = step.value;
      if (record.event === CLOSED) {
        if (told.size >= MOST_TOLD) told.clear();
        told.add(nameOf(record));
      }
      if (record.service === index) yield eventOf(record, service);
      const now = lostCount(node);
      if (now !== lost && stream.backlog() === 0) {
        lost = now;
        yield* standing(node, index, service);
      }
    }
  } finally {
    update(listeners, word(0), word(0));
    stream.close();
  }
}
