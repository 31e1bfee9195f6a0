/** Operations as the nodes themselves make them, with good tags. */

import { lookup } from "../../../runtime/loader/map-operations.ts";
import { word } from "../../../runtime/loader/word.ts";
import {
  AT,
  LONG_BYTES,
  OPERATIONS,
  type OperationName,
  SHORT_BYTES,
  tagged,
} from "../../../test/kit/cluster/operation.ts";
import { tcp } from "../../../test/kit/index.ts";
import type { ClusterCase } from "../../cases/cluster.ts";
import type { Ingress } from "../subject.ts";
import { type Frames, openFrames, openVariedFrames } from "../wrapper.ts";
import { type Cluster, KEY, type Side } from "./sides.ts";
import { ADDRESS_AT, openWalk, type Packets, PORT_AT } from "./walk.ts";

/** In a packet: its TCP flags. */
const FLAGS_AT = 47;
const FLAGS = { decide: 0x02, touch: 0x12, close: 0x11, lookup: 0x10, packet: 0x10 } as const;
/** Payloads that make frames' lengths multiples of eight: by themselves, behind a short operation, and behind a long one. */
const PAYLOAD = { alone: 10, short: 12, long: 16 } as const;
type Behind = keyof typeof PAYLOAD;
const BEFORE = { alone: 0, short: SHORT_BYTES, long: LONG_BYTES } as const;
const HEADERS = 54;
/** Each of the packets that are kept is of a version of its own: with few flows, several of each. */
const FEWEST_KEPT = 2 ** 14;

/** The first flow's packet. */
export function packetOf(flags: keyof typeof FLAGS, behind: Behind): Uint8Array {
  const bytes = Buffer.from(tcp("10.0.0.0:10000", "10.1.0.1:80").payload("x".repeat(PAYLOAD[behind])).bytes);
  bytes[FLAGS_AT] = FLAGS[flags];
  return new Uint8Array(bytes);
}

/** As long as a packet is behind an operation. */
export const lengthBehind = (behind: Behind): number => BEFORE[behind] + HEADERS + PAYLOAD[behind];

/** New flows. */
export const opening = (flows: number, behind: Behind): Packets => ({
  first: packetOf("decide", behind),
  flows,
  before: 0,
});

/** What a forwarder makes of a packet whose flow it does not know. */
function asked({ forwarder, run }: Cluster, packet: Uint8Array): Uint8Array {
  const { packet: operation } = run(forwarder, packet);
  if (operation.length !== packet.length + SHORT_BYTES) throw new Error("The forwarder asked nobody.");
  return operation;
}

/** Operations about the first flow, made while nobody knows it. */
export interface Templates {
  readonly asked: Readonly<Record<"lookup" | "decide" | "touch" | "close", Uint8Array>>;
  /** For packets behind entries. */
  readonly longer: Uint8Array;
  /** To a flow-table node, of an epoch that is not; and back from there. */
  readonly stale: Uint8Array;
  readonly bounced: Uint8Array;
}

export function templatesOf(cluster: Cluster): Templates {
  const short = (flags: keyof typeof FLAGS): Uint8Array => asked(cluster, packetOf(flags, "short"));
  const decide = short("decide");
  const other = Buffer.from(decide);
  other.writeUInt32BE(cluster.epoch + 1, AT.epoch);
  const stale = tagged(other, KEY);
  const bounced = cluster.run(cluster.tables[0], stale).packet;
  return {
    asked: { lookup: short("lookup"), decide, touch: short("touch"), close: short("close") },
    longer: asked(cluster, packetOf("decide", "long")),
    stale,
    bounced,
  };
}

/** The same to the same, but that it says something else. */
function saying(frame: Uint8Array, operation: OperationName): Uint8Array {
  const out = Buffer.from(frame);
  out[AT.operation] = OPERATIONS.indexOf(operation);
  return tagged(out, KEY);
}

export interface Made extends Disposable {
  readonly side: Side;
  readonly frames: Frames;
  /** By how many bytes its program makes them longer at the head. */
  readonly head: number;
  /** Before each time that they are measured: makes them anew. */
  readonly prepare?: () => void;
}

export const sideOf = (cluster: Cluster, at: ClusterCase["at"]): Side => {
  const [head, replica, tail] = cluster.tables;
  return { head, replica, tail, forwarder: cluster.forwarder, single: cluster.single }[at];
};

/** Packets that the nodes of the chain before this place send along, or its last one back, about flows that are known to all. */
async function along(
  cluster: Cluster,
  place: number,
  { flows }: ClusterCase,
  longer: Uint8Array,
  ingress: Ingress,
): Promise<{ readonly frames: Frames; readonly remake: () => void; readonly close: () => void }> {
  const nodes = cluster.tables.slice(0, place).map(({ program }) => program);
  const count = Math.max(flows, FEWEST_KEPT);
  const packets = { first: longer, flows, before: SHORT_BYTES };
  const walk = await openWalk(nodes, { packets, keep: { at: place, count, bytes: lengthBehind("long") } }, ingress);
  try {
    walk.make(count);
    return { frames: walk.kept(), remake: () => walk.make(count), close: () => walk[Symbol.dispose]() };
  } catch (error) {
    walk[Symbol.dispose]();
    throw error;
  }
}

/** As entries have it that have been in use once. */
const FIRST_SERIAL = 2;
/** What the reading node brings to the last of a path that is to be filled: entries that stand there, as its replica had sent them. */
async function transfersOf(one: ClusterCase, cluster: Cluster, ingress: Ingress): Promise<readonly Uint8Array[]> {
  const longer = asked(cluster, packetOf("decide", "long"));
  const made = await along(cluster, 2, one, longer, ingress);
  try {
    return Array.from({ length: one.hit }, (_, flow) => {
      const frame = Buffer.from(lookup(made.frames.map, word(flow)) as Uint8Array).subarray(
        0,
        made.frames.first.length,
      );
      frame[AT.operation] = OPERATIONS.indexOf("transfer");
      frame.writeUInt32BE(cluster.tables[1].id, AT.forwarder);
      frame.writeUInt32BE(flow + 1, AT.sent);
      frame.writeUInt32BE(FIRST_SERIAL, AT.detail);
      return tagged(frame, KEY);
    });
  } finally {
    made.close();
  }
}

/** The frames of a case, at nodes that know all its flows. */
export async function framesOf(
  one: ClusterCase,
  cluster: Cluster,
  templates: Templates,
  ingress: Ingress,
): Promise<Made> {
  const side = sideOf(cluster, one.at);
  const varied = async (frame: Uint8Array, before: number, head: number): Promise<Made> => {
    const vary = { address: before + ADDRESS_AT, port: before + PORT_AT };
    const frames = await openVariedFrames(frame, one.flows, vary);
    return { side, frames, head, [Symbol.dispose]: () => frames.map.close() };
  };
  const { bounced, stale } = templates;
  switch (one.frames) {
    case "packet":
      return varied(packetOf("packet", "alone"), 0, 0);
    case "lookup":
    case "decide":
    case "touch":
    case "close":
      return varied(templates.asked[one.frames], SHORT_BYTES, LONG_BYTES - SHORT_BYTES);
    case "stale":
      return varied(one.at === "forwarder" ? bounced : stale, SHORT_BYTES, 0);
    case "refuse":
    case "nobody":
      return varied(saying(bounced, one.frames), SHORT_BYTES, -SHORT_BYTES);
    case "forged": {
      const frame = templates.asked.decide.slice();
      frame[AT.tag] = (frame[AT.tag] ?? 0) ^ 1;
      return varied(frame, SHORT_BYTES, 0);
    }
    case "update": {
      const made = await along(cluster, one.at === "tail" ? 2 : 1, one, templates.longer, ingress);
      return { side, frames: made.frames, head: 0, prepare: made.remake, [Symbol.dispose]: made.close };
    }
    case "transfer":
    case "stored": {
      const transfers = await transfersOf(one, cluster, ingress);
      const stored = (): readonly Uint8Array[] =>
        transfers.map((frame) => cluster.run(cluster.tables[2], frame).packet);
      const frames = await openFrames(one.frames === "transfer" ? transfers : stored());
      const head = one.frames === "transfer" ? 0 : -LONG_BYTES;
      return { side, frames, head, [Symbol.dispose]: () => frames.map.close() };
    }
    case "reply": {
      const made = await along(cluster, 3, one, templates.longer, ingress);
      return { side, frames: made.frames, head: -LONG_BYTES, [Symbol.dispose]: made.close };
    }
  }
}
