/** What a packet costs at each node of a cluster: every operation at every role, at a table with few flows and with a million. */

/** Who runs it: the flow-table node that is all members of its chain, a forwarder, a node by itself, or a program of the bench. */
export type ClusterSide = "table" | "forwarder" | "single" | "siphash";

/** The frames of a row: a packet, as it comes to a forwarder or with the operation that it has been sent along with. */
export type ClusterFrames =
  | "packet"
  | "opening"
  | "lookup"
  | "decide"
  | "touch"
  | "close"
  | "update"
  | "reply"
  | "stale"
  | "refused";

export interface ClusterCase {
  readonly name: string;
  readonly side: ClusterSide;
  readonly frames: ClusterFrames;
  /** Flows that are hit: a power of two. */
  readonly hit: number;
  /** Flows that stand in the table before a packet is measured; 0: tables are emptied before every round, and each flow comes once. */
  readonly standing: number;
  readonly pattern: string;
  /** How many hops of a new flow in a chain of k this is: constant, and for each k beyond 1. Null for what is no part of one. */
  readonly hops: { readonly once: number; readonly each: number } | null;
}

const FEW = 2 ** 10;
const MANY = 2 ** 20;
/** Each of these frames has an entry and a tag of its own. */
const MADE = 2 ** 14;
const inTurn = "all hit in turn";

const known = (name: string, frames: ClusterFrames, side: ClusterSide = "table"): readonly ClusterCase[] => {
  const most = frames === "update" || side !== "table" ? MADE : MANY;
  const standing = side === "table" ? MANY : MADE;
  return [
    { name: `cluster, ${name}, 1 k entries`, side, frames, hit: FEW, standing: FEW, pattern: inTurn, hops: null },
    {
      name: `cluster, ${name}, ${standing === MANY ? "1 M" : "16 k"} entries`,
      side,
      frames,
      hit: most,
      standing,
      pattern: most === standing ? inTurn : `${most} of them hit in turn`,
      hops: null,
    },
  ];
};
const fresh = (name: string, frames: ClusterFrames, side: ClusterSide, hops: ClusterCase["hops"]): ClusterCase => ({
  name: `cluster, ${name}`,
  side,
  frames,
  hit: MADE,
  standing: 0,
  pattern: `${MADE} new flows into an empty table, each once`,
  hops,
});

export const clusterCases: readonly ClusterCase[] = [
  {
    ...fresh("ask the head, at a forwarder", "opening", "forwarder", { once: 1, each: 0 }),
    pattern: "no entry for any packet",
  },
  fresh("DECIDE of a new flow, at the head", "decide", "table", { once: 1, each: 0 }),
  fresh("UPDATE of a new flow, at a replica or the tail", "update", "table", { once: 0, each: 1 }),
  fresh("REPLY to a new flow, at its forwarder", "reply", "forwarder", { once: 1, each: 0 }),
  ...known("LOOKUP at the tail", "lookup"),
  ...known("DECIDE of a known flow, at the head", "decide"),
  ...known("TOUCH at the head", "touch"),
  ...known("CLOSE at the head", "close"),
  ...known("UPDATE of a known flow, at a replica", "update"),
  ...known("REPLY to a known flow, at a forwarder", "reply", "forwarder"),
  ...known("STALE, at any flow-table node", "stale"),
  ...known("forged, at any node", "refused"),
  ...known("established, at a node by itself", "packet", "single"),
  ...known("established, at a forwarder", "packet", "forwarder"),
];
