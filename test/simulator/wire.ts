/**
 * What a simulated node is: it is given a frame and its own time, and returns frames to send; now and then its agent is given a turn.
 * It has no clock, network or store of its own. Frames are opaque to the simulator, but for what leaves the cluster.
 */
import type { Change } from "../../runtime/cluster/change.ts";
import type { Times } from "../../runtime/cluster/time.ts";
import type { View } from "../../runtime/cluster/view.ts";

/** Where what leaves the cluster goes. */
export const OUTSIDE = 0;

/** How a flow is served. */
export type FlowKind =
  /** Source translation to a port of the bucket; a packet without a flow is refused. */
  | "connection"
  /** The same, but any packet of the client's begins a flow. */
  | "lenient"
  /** Addresses stay, and either end may begin. */
  | "symmetric";

/** Who may have a flow: a client's end, and what it asks for. Its lifetimes follow each other. */
export interface Flow {
  readonly index: number;
  readonly kind: FlowKind;
  readonly bucket: number;
}

/** A packet of either end, as it comes to a forwarder. */
export interface Packet {
  readonly flow: Flow;
  /** Which of the flow's lifetimes its sender means. */
  readonly life: number;
  readonly kind: "SYN" | "DATA" | "FIN" | "RST";
  readonly from: "client" | "server";
  /** External port that a server answers to. */
  readonly port: number | null;
  /** The decision that a server's packet follows, as its sender sees it; null of a client's. */
  readonly peer: number | null;
  readonly id: number;
  /** True time at which it was sent. */
  readonly at: number;
}

export interface Sent<Body> {
  readonly to: number;
  readonly body: Body;
}

/** What has left the cluster. */
export interface Release {
  readonly packet: Packet;
  /** The decision by which it left; null for a packet that was refused, its sender told. */
  readonly decision: number | null;
  /** The flow whose decision it is. */
  readonly flow: number;
  readonly port: number;
  readonly how: string;
  /** What is wrong with it by itself, whatever else has happened. */
  readonly wrong: string | null;
}

/** What an agent asks of the store. */
export type Ask = { readonly kind: "view" } | { readonly kind: "propose"; readonly change: Change };

export interface Turn<Body> {
  readonly frames: readonly Sent<Body>[];
  readonly asks: readonly Ask[];
}

/** A node of either kind. Times are by its own clock, in milliseconds. */
export interface SimulatedNode<Body> {
  receive(body: Body, now: number): readonly Sent<Body>[];
  /** The agent's turn, every few milliseconds. */
  turn(now: number): Turn<Body>;
  /** The store's answer to what was asked at `asked`: the newest view, or null for none yet. */
  answer(view: View | null, asked: number, now: number): void;
  /** In words, for histories. */
  describe(body: Body): string;
}

/** How a cluster of some implementation is made and looked at. */
export interface Implementation<Body> {
  node(number: number, role: "forwarder" | "table", to: Surroundings): SimulatedNode<Body>;
  /** A tenant's packet, as it arrives at a forwarder. */
  enter(packet: Packet): Body;
  /** Of a frame to `OUTSIDE`. */
  release(body: Body): Release;
}

export interface Surroundings {
  readonly times: Times;
  /** A decision that nobody made before: two decisions are never equal by chance. */
  readonly decide: () => number;
  /** A line of the history, where one is kept. */
  readonly tell: ((text: string) => void) | null;
}
