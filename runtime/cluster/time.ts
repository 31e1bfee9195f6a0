/**
 * The times of a cluster. What the flow table promises rests on a handful of durations that bound each other; they are all
 * derived here, and nowhere else, and a configuration that breaks a bound is refused. Milliseconds throughout.
 *
 * A clock may run faster or slower than time itself by the part `drift`: who measures `t` on such a clock lets between t/(1+drift)
 * and t/(1-drift) pass. So what must last is measured longer, what must end is measured shorter.
 */

/** What is told. */
export interface TimesConfig {
  /** Nodes of a whole chain: 1 to 4. With 1, the loss of a node loses its decisions. */
  readonly chain: number;
  /** The longest that a packet is under way from one node to the next, queues included. */
  readonly hop: number;
  /** How long nodes may act by a view that has been superseded, at most. */
  readonly viewLease: number;
  /** How long forwarders apply what the flow table told them, from when they asked. */
  readonly cacheLease: number;
  /** Age at which a forwarder gives up a packet that is sent back to it. */
  readonly resendAge: number;
  /** How far a clock may run off, as a part: 0 to 0.2. */
  readonly drift: number;
  /** How long a flow may be silent and yet go on with its decision, of whatever kind it is. Some kinds are remembered for longer (program-times.ts). */
  readonly idle: number;
  /** How long a flow's packets may go without its life being written anew along its chain: what losses of such writes are tolerated for. */
  readonly refresh: number;
  /** How long a connection that both ends have closed, or one has reset, still takes late packets after the last one. */
  readonly closing: number;
}

/** What follows. Each is measured by the clock of the node that it says. */
export interface Times extends TimesConfig {
  /** Nodes of the longest path: a bucket that moves is in two chains. */
  readonly longestPath: number;
  /** Forwarder: age of a lease from which on packets go by way of the chain's head and renew it. */
  readonly renewAfter: number;
  /** Node, forwarder: how long it acts by a view, from when it asked the store whether that is still the newest. */
  readonly actFor: number;
  /** Node: how long an entry stands that nothing refreshes. */
  readonly entryLife: number;
  /** The same of a connection that is closing. */
  readonly closingLife: number;
  /** Reading node: age of an entry from which on it has the head refresh it. */
  readonly refreshAfter: number;
  /** Node: how long what has ended is remembered, so that nobody who might still know of it can meet its successor. */
  readonly tombstone: number;
  /** Node of a chain whose decisions are lost: how long it decides nothing, from when it sees so. */
  readonly quiet: number;
  /** Forwarder that has just started: how long it keeps no lease, since answers to its predecessor may be under way. */
  readonly settle: number;
}

/** A bound: what must hold, and what it is in words. */
interface Bound {
  readonly path: keyof TimesConfig;
  readonly holds: (times: Times) => boolean;
  readonly reason: (times: Times) => string;
}

export const LONGEST_CHAIN = 4;

/** What is told unless something else is: with these, programs remember flows for as long as on a node by itself. */
export const DEFAULT_TIMES: TimesConfig = {
  chain: LONGEST_CHAIN,
  hop: 20,
  viewLease: 2000,
  cacheLease: 5200,
  resendAge: 4200,
  drift: 0.001,
  idle: 54_000,
  refresh: 15_000,
  closing: 10_000,
};

export const MOST_DRIFT = 0.2;
const RENEWED_AT = 0.2;

/** Up, since who waits too long only waits. */
const up = (milliseconds: number): number => Math.ceil(milliseconds - 1e-9);

/** How long something may be under way that is passed on by this many nodes, from forwarder to forwarder. */
const underWay = (hop: number, nodes: number): number => (nodes + 2) * hop;

/** Derives, and checks nothing: `checkedTimes` is what configurations go through. */
export function deriveTimes(told: TimesConfig): Times {
  const { hop, viewLease, cacheLease, resendAge, drift, idle, refresh } = told;
  const fast = 1 + drift;
  const slow = 1 - drift;
  const longestPath = 2 * told.chain;
  const path = underWay(hop, longestPath);
  const lease = cacheLease / slow;
  // A node may answer by an old view until its lease ends; the answer is under way, or is kept for a lease from when it was asked for.
  const known = fast * (viewLease + lease + path);
  const bounced = fast * (resendAge / slow + path);
  const tombstone = up(Math.max(known, bounced));
  return {
    ...told,
    longestPath,
    renewAfter: cacheLease * RENEWED_AT,
    actFor: viewLease * slow,
    // The last packet may be applied when a lease ends that was granted just before the entry was due to be refreshed.
    entryLife: up(fast * (idle + lease + path + refresh)),
    closingLife: up(fast * (told.closing + lease + path + refresh)),
    refreshAfter: refresh / fast,
    tombstone,
    quiet: tombstone,
    settle: up(fast * path),
  };
}

const milliseconds = (value: number): string => `${Math.round(value * 10) / 10} ms`;

/** In the order in which they are told. */
const BOUNDS: readonly Bound[] = [
  {
    path: "cacheLease",
    holds: ({ cacheLease, renewAfter, chain, hop, drift }) =>
      (cacheLease - renewAfter) / (1 + drift) > underWay(hop, chain),
    reason: ({ chain, hop }) =>
      `what is left of a lease when it is renewed must outlast the way along a chain of ${chain} and back, ${milliseconds(underWay(hop, chain))}`,
  },
  {
    path: "viewLease",
    holds: ({ actFor, hop, drift }) => actFor / (1 + drift) >= 4 * hop,
    reason: ({ hop }) => `the store must have time to answer twice before it ends: at least ${milliseconds(4 * hop)}`,
  },
  {
    path: "resendAge",
    holds: ({ resendAge, hop, drift }) => resendAge / (1 + drift) > 2 * hop,
    reason: ({ hop }) =>
      `a packet that comes back at once has been under way for two hops, up to ${milliseconds(2 * hop)}`,
  },
  {
    path: "idle",
    holds: ({ idle, hop, chain }) => idle > underWay(hop, chain),
    reason: ({ hop, chain }) =>
      `a flow's packets may be under way for longer, up to ${milliseconds(underWay(hop, chain))}, and it would end meanwhile`,
  },
  {
    path: "refresh",
    holds: ({ refresh, hop, chain }) => refresh > underWay(hop, chain),
    reason: ({ hop, chain }) =>
      `one lost packet along the chain must not matter: more than ${milliseconds(underWay(hop, chain))}`,
  },
];

/** The first bound that these times break, and why; null when they keep all. */
export function brokenBound(told: TimesConfig): { readonly path: string; readonly reason: string } | null {
  const times = deriveTimes(told);
  const broken = BOUNDS.find(({ holds }) => !holds(times));
  return broken === undefined ? null : { path: broken.path, reason: broken.reason(times) };
}
