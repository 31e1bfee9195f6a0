/** A history before it happens: made of a seed, and of nothing else. The shrinker leaves things out of it. */
import { assignBuckets } from "../../runtime/cluster/assign.ts";
import { deriveTimes, type Times, type TimesConfig } from "../../runtime/cluster/time.ts";
import { firstView, type View } from "../../runtime/cluster/view.ts";
import { type Random, random } from "../kit/random.ts";
import { mix, type Weather } from "./fate.ts";
import type { Script } from "./script.ts";
import type { Flow, FlowKind } from "./wire.ts";

/** A tenant does something; what, its state says. */
export interface Action {
  readonly at: number;
  readonly flow: number;
  readonly forwarder: number;
  /** 0 to 1: what it chooses. */
  readonly roll: number;
}

export const FAULTS = [
  "crash",
  "expulsion",
  "split",
  "partition",
  "one-way partition",
  "slow node",
  "paused node",
  "stale view",
  "left behind",
  "store outage",
  "forwarder restart",
  "loss burst",
  "scale-out",
  "scale-in",
  "roll-back",
  "there and back",
] as const;
export type FaultKind = (typeof FAULTS)[number];

export interface Fault {
  readonly at: number;
  readonly kind: FaultKind;
  /** How long it lasts, or until it is undone. */
  readonly lasts: number;
  /** 0 to 1: whom it meets. */
  readonly roll: number;
}

export interface Clock {
  /** Of time itself: 1 - drift to 1 + drift. */
  readonly rate: number;
  readonly offset: number;
}

export interface Plan {
  readonly seed: number;
  readonly times: Times;
  readonly flows: readonly Flow[];
  readonly first: View;
  /** All flow-table nodes, spare ones too. */
  readonly tables: readonly number[];
  readonly clocks: ReadonlyMap<number, Clock>;
  readonly weather: Weather;
  readonly actions: readonly Action[];
  readonly faults: readonly Fault[];
  /** Kinds of faults that happen at all. */
  readonly only: readonly FaultKind[];
  /** After so many packets and decisions there are no faults any more, and everything is to work again. */
  readonly packets: number;
  readonly decisions: number;
  /** Whether all of a chain may be lost at once. */
  readonly losses: boolean;
  /** Whether members join that are filled. */
  readonly fills: boolean;
  /** How soon a gap is seen, and how soon a spare joins, in milliseconds. */
  readonly repair: number;
  /** The only flows that are tried when failures stop, by index; all unless told. */
  readonly tried?: readonly number[] | undefined;
  /** What happens besides, told by hand. */
  readonly script?: Script | undefined;
}

export interface Shape {
  readonly packets: number;
  /** Flows that packets leave by, each life of one counted: at least so many. */
  readonly decisions: number;
  /** From so many to so many. */
  readonly faults: readonly [number, number];
  /** Chosen by the seed where it is not told. */
  readonly chain?: number | undefined;
  readonly times?: Partial<TimesConfig> | undefined;
  readonly bend?: ((times: Times) => Times) | undefined;
  readonly weather?: Partial<Weather> | undefined;
  readonly only?: readonly FaultKind[] | undefined;
  readonly losses?: boolean | undefined;
  /** Of each bucket's flows, in turn. */
  readonly kinds?: readonly FlowKind[] | undefined;
  /** Whether closing connections may be kept for no longer than their tombstones. */
  readonly curt?: boolean | undefined;
  readonly fills?: boolean | undefined;
}

export const USUAL: Shape = { packets: 5000, decisions: 200, faults: [5, 30] };

/** Short, so that everything that takes time happens many times in a history. */
export const QUICK: TimesConfig = {
  chain: 3,
  hop: 10,
  viewLease: 60,
  cacheLease: 80,
  resendAge: 40,
  drift: 0.1,
  idle: 70,
  refresh: 65,
  closing: 70,
};

export const BUCKETS_USED = [3, 77, 140, 301, 512, 640, 801, 1019] as const;
const FLOWS_OF_A_BUCKET = 5;
const KINDS: readonly FlowKind[] = ["connection", "lenient", "symmetric", "connection", "symmetric"];
const CHAINS = 2;
const SPARES = 3;
const FORWARDERS = [101, 102, 103] as const;
/** Mean time between two packets of a flow. */
const PACE = 32;

const clockOf = (from: Random, drift: number): Clock => ({
  rate: 1 + drift * from.pick([-1, 0, 1, from.below(1000) / 1000]),
  offset: from.below(100_000),
});

/** Mostly with the forwarder that a flow is used to; sometimes so long after the last time that the flow may end. */
function actionsOf(from: Random, flow: number, since: number, until: number): Action[] {
  const actions: Action[] = [];
  for (let at = since + from.below(PACE); at < until; at += PACE * (0.1 + (1.8 * from.u32()) / 2 ** 32)) {
    const forwarder = from.chance(0.6) ? flow % FORWARDERS.length : from.below(FORWARDERS.length);
    actions.push({ at, flow, forwarder, roll: from.u32() / 2 ** 32 });
  }
  return actions;
}

function faultsOf(from: Random, count: number, until: number, only: readonly FaultKind[]): Fault[] {
  const faults = Array.from({ length: count }, (): Fault => {
    const lasts = from.pick([20, 60, 150, 400]) * (0.5 + from.below(100) / 100);
    return { at: from.below(Math.floor(until)), kind: from.pick(only), lasts, roll: from.below(10_000) / 10_000 };
  });
  return faults.sort((a, b) => a.at - b.at);
}

export function planOf(seed: number, shape: Shape = USUAL): Plan {
  const from = random(seed);
  const chain = shape.chain ?? from.pick([1, 2, 2, 3, 3]);
  const derived = deriveTimes({ ...QUICK, chain, ...shape.times });
  // What a closing connection is kept for beyond its tombstone is a courtesy: safety must not rest on it.
  const curt = from.chance(0.5) && shape.curt !== false ? { ...derived, closingLife: 0 } : derived;
  const times = shape.bend?.(curt) ?? curt;
  const flows = BUCKETS_USED.flatMap((bucket, index) =>
    (shape.kinds ?? KINDS).map((kind, nth): Flow => ({ index: index * FLOWS_OF_A_BUCKET + nth, kind, bucket })),
  );
  const tables = Array.from({ length: CHAINS * chain + SPARES }, (_, index) => index + 1);
  const chains = Array.from({ length: CHAINS }, (_, id) => tables.slice(id * chain, (id + 1) * chain));
  // Flows rest and are given up, so that there are fewer packets than occasions to send one.
  const until = 1.35 * (shape.packets / flows.length) * PACE;
  const actions = flows.flatMap(({ index }) => actionsOf(from, index, 0, 2 * until));
  // Few histories come so far: what they need is drawn apart, so that all others are the same without it.
  const further = random(mix(seed, 1));
  const more = flows.flatMap(({ index }) => actionsOf(further, index, 2 * until, 4 * until));
  const only = shape.only ?? FAULTS;
  const rough = from.pick([0, 0.3, 1, 1]);
  return {
    seed,
    times,
    flows,
    tables,
    first: firstView(chains, FORWARDERS, assignBuckets),
    clocks: new Map([...tables, ...FORWARDERS].map((node) => [node, clockOf(from, times.drift)])),
    weather: {
      loss: 0.06 * rough * (from.below(100) / 100),
      duplication: 0.06 * rough,
      late: from.pick([0.05, 0.3, 0.8]) * rough,
      latest: 0.1 * rough,
      ...shape.weather,
    },
    actions: [...actions, ...more].sort((a, b) => a.at - b.at),
    faults: faultsOf(from, from.between(...shape.faults), until * 0.8, only),
    only,
    packets: shape.packets,
    decisions: shape.decisions,
    losses: shape.losses ?? chain === 1,
    fills: shape.fills ?? true,
    repair: from.pick([10, 40, 120]),
  };
}
