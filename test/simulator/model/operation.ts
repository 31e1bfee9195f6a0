/** Operations and entries, as the wire has them, without their bytes. */
import type { EntryState } from "../../../runtime/cluster/expiry.ts";
import type { Packet } from "../wire.ts";

export interface Entry {
  /** The client's direction. */
  readonly key: number;
  /** The other one. */
  readonly reverse: number;
  readonly bucket: number;
  readonly decision: number;
  readonly port: number;
  readonly version: number;
  readonly state: EntryState;
}

export type OperationKind =
  | "enter"
  | "lookup"
  | "decide"
  | "touch"
  | "close"
  | "insert"
  | "update"
  | "absent"
  | "reply"
  | "refuse"
  | "stale"
  | "transfer"
  | "transferred"
  | "acknowledge"
  | "released";

export interface Operation {
  readonly kind: OperationKind;
  readonly epoch: number;
  readonly bucket: number;
  /** Of the packet. */
  readonly key: number;
  /** Position on the path of the node that it goes to. */
  readonly place: number;
  /** Null for what no packet caused. */
  readonly packet: Packet | null;
  readonly forwarder: number;
  /** When it left there, by the forwarder's clock. */
  readonly sent: number;
  readonly hops: number;
  readonly entry: Entry | null;
  /** Transfer: the source, and how old a tombstone is. */
  readonly source: number;
  readonly age: number;
}

/** Versions order by epoch, then by the head's count. */
const COUNTS = 2 ** 28;
export const versionOf = (epoch: number, count: number): number => epoch * COUNTS + count;
/** Of the view that a version was made under. */
export const epochOf = (version: number): number => Math.floor(version / COUNTS);

/** Reverse keys of translated flows: by external port. */
const PORTS_AT = 1_000_000;
/** Reverse keys of others. */
const SERVERS_AT = 500_000;
export const keyOfPort = (port: number): number => PORTS_AT + port;
export const keyOfServer = (flow: number): number => SERVERS_AT + flow;

/** The key that a packet is looked up by. */
export function keyOf({ flow, from, port }: Packet): number {
  if (from === "client") return flow.index;
  return flow.kind === "symmetric" ? keyOfServer(flow.index) : keyOfPort(port ?? 0);
}

export const describeEntry = ({ decision, state, version, port }: Entry): string =>
  `decision ${decision} (port ${port}, ${state}, version ${Math.floor(version / COUNTS)}.${version % COUNTS})`;

export function describePacket(packet: Packet): string {
  return `${packet.kind} of flow ${packet.flow.index}, life ${packet.life}${packet.from === "server" ? ", from its server" : ""}`;
}

export function describe(operation: Operation): string {
  const { kind, packet, entry, epoch } = operation;
  const what = packet === null ? "" : ` [${describePacket(packet)}]`;
  return `${kind.toUpperCase()}${what} epoch ${epoch}${entry === null ? "" : ` with ${describeEntry(entry)}`}`;
}
