/** What a packet costs at each node of a cluster: every operation at every role, at tables with few flows and with a million. */

/** Who runs it: a member of a chain of three by its place, a forwarder, or a node by itself. */
export type ClusterPlace = "head" | "replica" | "tail" | "forwarder" | "single";

/** A packet as it comes from outside, or the operation that it has been sent along with. */
export type ClusterFrames =
  | "packet"
  | "lookup"
  | "decide"
  | "touch"
  | "close"
  | "update"
  | "reply"
  | "refuse"
  | "nobody"
  | "stale"
  | "forged"
  | "transfer"
  | "stored";

export interface ClusterCase {
  readonly name: string;
  readonly at: ClusterPlace;
  readonly frames: ClusterFrames;
  /** Flows that stand at every node: a power of two. */
  readonly flows: number;
  /** Of them, those that are hit. */
  readonly hit: number;
  readonly pattern: string;
}

const FEW = 2 ** 10;
const MANY = 2 ** 20;
/** Made here, and not by nodes: each has a tag of its own. */
const MADE = 2 ** 14;

const at = (flows: number): string => `${flows === FEW ? "1 k" : "1 M"} entries`;
const inTurn = "all hit in turn";
/** What such an operation says is new each time, and taken over in both directions of its flow. */
const newer = "all hit in turn, each time by a newer version";

const known = (
  name: string,
  frames: ClusterFrames,
  place: ClusterPlace,
  pattern = inTurn,
): readonly [ClusterCase, ClusterCase] => [
  { name: `cluster, ${name}, ${at(FEW)}`, at: place, frames, flows: FEW, hit: FEW, pattern },
  { name: `cluster, ${name}, ${at(MANY)}`, at: place, frames, flows: MANY, hit: MANY, pattern },
];
const made = (name: string, frames: ClusterFrames, place: ClusterPlace): readonly [ClusterCase, ClusterCase] => {
  const [few, many] = known(name, frames, place);
  return [few, { ...many, hit: MADE, pattern: `${MADE} of them hit in turn` }];
};

export const clusterCases: readonly ClusterCase[] = [
  ...known("LOOKUP at the tail", "lookup", "tail"),
  ...known("DECIDE of a known flow, at the head", "decide", "head"),
  ...known("TOUCH at the head", "touch", "head"),
  ...known("CLOSE at the head", "close", "head"),
  ...known("UPDATE of a known flow, at a replica", "update", "replica", newer),
  ...known("UPDATE of a known flow, at the tail", "update", "tail", newer),
  ...known("REPLY to a known flow, at a forwarder", "reply", "forwarder"),
  ...known("REFUSE at a forwarder, which answers", "refuse", "forwarder"),
  ...known("NOBODY at a forwarder", "nobody", "forwarder"),
  ...known("of another epoch, at any flow-table node", "stale", "head"),
  ...known("STALE at a forwarder, which asks again", "stale", "forwarder"),
  ...made("TRANSFER of a flow that stands, at a member that is filled", "transfer", "tail"),
  ...made("STORED at the reading node", "stored", "replica"),
  ...known("forged, at any node", "forged", "head"),
  ...known("established, at a node by itself", "packet", "single"),
  ...known("established, at a forwarder", "packet", "forwarder"),
];

/** Of chains, for what a new flow costs. */
export const CHAINS = [1, 2, 3] as const;
export const newFlow = (chain: number): string => `cluster, a new flow, chain of ${chain}`;

/** Hops of a new flow in a chain of three, each by itself. */
export const HOPS = [
  ["ask the head, at a forwarder", "forwarder"],
  ["DECIDE of a new flow, at the head", "head"],
  ["UPDATE of a new flow, at a replica", "replica"],
  ["UPDATE of a new flow, at the tail", "tail"],
  ["REPLY to a new flow, at its forwarder", "forwarder"],
] as const satisfies readonly (readonly [string, ClusterPlace])[];
