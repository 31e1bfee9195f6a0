/**
 * A history written by hand: who sends what when, which frames are lost, late or kept, and what happens to views and nodes. Where a rule is
 * needed once in a million histories, its story is told here, and played like any other.
 */
import { assignBuckets } from "../../runtime/cluster/assign.ts";
import type { Change } from "../../runtime/cluster/change.ts";
import type { TimesConfig } from "../../runtime/cluster/time.ts";
import { firstView, type View } from "../../runtime/cluster/view.ts";
import { CALM } from "./fate.ts";
import { type Plan, planOf, type Shape, USUAL } from "./plan.ts";
import type { Flow, Packet } from "./wire.ts";

/** An end of a flow sends a packet, by the first forwarder or the second: 0, 1. */
export interface Says {
  readonly at: number;
  readonly packet: Packet["kind"];
  readonly flow: number;
  readonly life: number;
  readonly by: number;
  /** The client unless told. */
  readonly from?: Packet["from"];
}

export type Deed =
  | Says
  /** The view is changed; by a change that is refused it is not. */
  | { readonly at: number; readonly change: (view: View) => Change }
  /** A node reaches the store no more, for so long. */
  | { readonly at: number; readonly deaf: number; readonly lasts: number };

/** What becomes of frames that were sent from `since` on and before `until`, in the place of what the weather has for them. */
export interface Mishap {
  readonly since: number;
  readonly until: number;
  /** Of its description. */
  readonly what: RegExp;
  readonly from?: number;
  readonly to?: number;
  /** One for each copy that arrives, in milliseconds; more than a hop may take is a frame that somebody kept. */
  readonly delays: readonly number[];
}

export interface Script {
  readonly deeds: readonly Deed[];
  readonly mishaps: readonly Mishap[];
  /** How flows are tried when all is well again; they are not, unless told. */
  readonly tried?: "DATA";
}

/** The first that is of such a frame; null where the weather decides. */
export function mishapOf(
  { mishaps }: Script,
  from: number,
  to: number,
  now: number,
  what: () => string,
): Mishap | null {
  const isOf = (one: Mishap): boolean =>
    one.since <= now &&
    now < one.until &&
    (one.from ?? from) === from &&
    (one.to ?? to) === to &&
    one.what.test(what());
  return mishaps.find(isOf) ?? null;
}

/** Both of one bucket. */
const FLOWS: readonly Flow[] = [
  { index: 0, kind: "connection", bucket: 77 },
  { index: 1, kind: "lenient", bucket: 77 },
];

/** One chain, of nodes 1 to k, and the forwarders 101 and 102. What is not told is quick and calm, and clocks are right. */
export interface Story {
  readonly times: Partial<TimesConfig>;
  readonly bend?: Shape["bend"];
  /** Numbers of nodes that are in no chain at first. */
  readonly spares?: readonly number[];
  readonly script: Script;
}

/** The seed gives what the story leaves open: when agents have their turn, and how long frames take for which that is not told. */
export function planOfStory({ times, bend, spares = [], script }: Story, seed: number): Plan {
  const told = { drift: 0, chain: 2, ...times };
  const shape: Shape = { ...USUAL, packets: 0, faults: [0, 0], chain: told.chain, times: told, bend, curt: false };
  const chain = Array.from({ length: told.chain }, (_, index) => index + 1);
  return {
    ...planOf(seed, shape),
    flows: FLOWS,
    tables: [...chain, ...spares],
    first: firstView([chain], [101, 102], assignBuckets),
    actions: [],
    weather: CALM,
    packets: Number.POSITIVE_INFINITY,
    script,
    fills: false,
  };
}
