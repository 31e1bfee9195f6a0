/** What becomes of frames between nodes, and how often: the weather, bursts of loss, nodes that are cut off or slow. */
import { CALM, fateOf, LONGEST_CALM, part, type Weather } from "./fate.ts";
import { NEVER } from "./machine.ts";
import type { Plan } from "./plan.ts";

/** Where the cluster store is, as an end of a way. */
export const STORE = -1;

export interface Cut {
  readonly node: number;
  readonly into: boolean;
  readonly out: boolean;
  /** From the store too. */
  readonly store: boolean;
}

/** Frames from node to node, and what became of them. */
export interface Carried {
  readonly frames: number;
  readonly lost: number;
  /** To a node that was cut off, or from one. */
  readonly cut: number;
  readonly duplicated: number;
  /** Under way for longer than frames are in calm weather. */
  readonly late: number;
  /** Arrived before one that was sent earlier from the same node to the same one. */
  readonly reordered: number;
}

export class Network {
  readonly #hop: number;
  readonly #weather: Weather;
  readonly #carried = { frames: 0, lost: 0, cut: 0, duplicated: 0, late: 0, reordered: 0 };
  /** By both ends: when the last of what was sent so far arrives. */
  readonly #arrives = new Map<number, number>();
  #cuts: readonly Cut[] = [];
  #burst = { until: NEVER, loss: 0 };
  #isCalm = false;

  constructor({ times, weather }: Pick<Plan, "times" | "weather">) {
    this.#hop = times.hop;
    this.#weather = weather;
  }

  get carried(): Carried {
    return this.#carried;
  }

  /** Until it is healed. */
  cut(cut: Cut): void {
    this.#cuts = [...this.#cuts, cut];
  }

  heal(cut: Cut): void {
    this.#cuts = this.#cuts.filter((one) => one !== cut);
  }

  burst(until: number, loss: number): void {
    this.#burst = { until, loss };
  }

  /** From now on nothing is lost, doubled or late. */
  calm(): void {
    this.#isCalm = true;
    this.#cuts = [];
  }

  isCut(from: number, to: number): boolean {
    if (this.#cuts.length === 0) return false;
    const toStore = from === STORE || to === STORE;
    return this.#cuts.some(
      ({ node, into, out, store }) => (!toStore || store) && ((into && node === to) || (out && node === from)),
    );
  }

  /** How long each copy takes that arrives; none when it is lost. `seeded` is the frame's name in this history. */
  fate(seeded: number, now: number): readonly number[] {
    const { until, loss } = this.#burst;
    const weather = this.#isCalm ? CALM : now < until ? { ...this.#weather, loss } : this.#weather;
    return fateOf(seeded, weather, this.#hop);
  }

  /** The same of a frame between two nodes, which is counted. `told` is what a story has become of it. */
  carry(
    from: number,
    to: number,
    seeded: number,
    now: number,
    isSlow: boolean,
    told: readonly number[] | null,
  ): readonly number[] {
    if (from === to) return [0.01];
    const carried = this.#carried;
    carried.frames += 1;
    if (this.isCut(from, to)) {
      carried.cut += 1;
      return [];
    }
    const fate = told ?? this.fate(seeded, now);
    const delays = isSlow ? fate.map((delay) => Math.max(delay, this.#hop * (0.7 + 0.3 * part(seeded, 9)))) : fate;
    if (delays.length === 0) carried.lost += 1;
    if (delays.length > 1) carried.duplicated += 1;
    if (delays.some((delay) => delay > LONGEST_CALM * this.#hop)) carried.late += 1;
    this.#order(from * 0x10000 + to, now, delays);
    return delays;
  }

  #order(way: number, now: number, delays: readonly number[]): void {
    let last = this.#arrives.get(way) ?? NEVER;
    const before = last;
    let isAhead = false;
    for (const delay of delays) {
      if (now + delay < before) isAhead = true;
      if (now + delay > last) last = now + delay;
    }
    if (isAhead) this.#carried.reordered += 1;
    if (last > before) this.#arrives.set(way, last);
  }
}

/** The sum of several. */
export const carriedTogether = (all: readonly Carried[]): Carried => {
  const sum = (name: keyof Carried): number => all.reduce((total, one) => total + one[name], 0);
  return {
    frames: sum("frames"),
    lost: sum("lost"),
    cut: sum("cut"),
    duplicated: sum("duplicated"),
    late: sum("late"),
    reordered: sum("reordered"),
  };
};
