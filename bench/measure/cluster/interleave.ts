/** Parts of one measurement, timed in turn: changes of the machine's speed meet them all. */
import { type Spread, spread } from "../statistics.ts";

export interface Part {
  /** Not timed: what its next time needs. */
  readonly prepare?: () => void;
  /** Nanoseconds. */
  readonly once: () => number;
}

/** @returns the times of all rounds, by part; one before them is not counted */
export function interleave<Name extends string>(
  parts: Readonly<Record<Name, Part>>,
  rounds: number,
): Readonly<Record<Name, readonly number[]>> {
  const names = Object.keys(parts) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  const once = (name: Name): number => {
    parts[name].prepare?.();
    return parts[name].once();
  };
  for (const name of names) once(name);
  for (let round = 0; round < rounds; round++)
    // Each is first, second, … equally often.
    for (let at = 0; at < names.length; at++) {
      const name = names[(at + round) % names.length] as Name;
      times[name].push(once(name));
    }
  return times;
}

/** Half of what a shift of the head costs is the wrapper's, which takes it back. */
export const wrapperOwn = (bare: readonly number[], grown: readonly number[]): Spread => {
  const [one, other] = [spread(bare), spread(grown)];
  return { min: (one.min + other.min) / 2, median: (one.median + other.median) / 2 };
};

/** One shift of the head. */
export const shiftOf = (bare: readonly number[], grown: readonly number[]): Spread => {
  const [one, other] = [spread(bare), spread(grown)];
  return { min: (other.min - one.min) / 2, median: (other.median - one.median) / 2 };
};
