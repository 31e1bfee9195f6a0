/** Interleaved measurement: in every round each program runs once, so that changes of the machine's speed meet them all. */
import type { LoadedProgram } from "../../runtime/index.ts";
import { type Spread, spread } from "./statistics.ts";
import { type Ingress, runAt } from "./subject.ts";
import { type Frames, type Wrapped, wrap } from "./wrapper.ts";

export interface RoundOptions {
  readonly rounds: number;
  readonly repeats: number;
}

/** Of endless flows, as many as fill a table. */
const MOST_WARMING = 2 ** 22;

/**
 * Nanoseconds of one run, by the thread's CPU time: the kernel's own figure leaves out the time in which others had the
 * CPU too, but is rounded down to whole nanoseconds.
 */
export function timeOf(program: LoadedProgram, repeats: number, packet: Uint8Array, ingress: Ingress | null): number {
  const before = process.threadCpuUsage();
  runAt(program, { packet, repeat: repeats }, ingress);
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1000) / repeats;
}

/**
 * Times of the wrapped programs, by their names; `null` stands for the program that returns at once, "grown" for the one that
 * grows the packet by `head` bytes first. By so many bytes each program makes the packet longer: of all, or by name.
 */
export async function measure<Name extends string>(
  programs: Readonly<Record<Name, LoadedProgram | null | "grown">>,
  frames: Frames,
  { rounds, repeats }: RoundOptions,
  ingress: Ingress | null,
  head: number | Readonly<Partial<Record<Name, number>>> = 0,
): Promise<Readonly<Record<Name, Spread>>> {
  using wrapped = new DisposableStack();
  const names = Object.keys(programs) as Name[];
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  const wrappers = new Map<Name, Wrapped>();
  const headOf = (name: Name): number => (typeof head === "number" ? head : (head[name] ?? 0));
  for (const name of names) wrappers.set(name, wrapped.use(await wrap(programs[name], frames, headOf(name))));
  const once = (name: Name, count: number): number =>
    timeOf((wrappers.get(name) as Wrapped).wrapper, count, frames.first, ingress);
  for (const name of names) once(name, Math.max(Math.min(frames.count * 4, MOST_WARMING), 10_000));
  if (frames.scattered === true) for (const one of wrappers.values()) one.scatter();
  for (let round = 0; round < rounds; round++) {
    // Each is first, second, … equally often.
    const order = names.map((_, i) => names[(i + round) % names.length] as Name);
    for (const name of order) times.get(name)?.push(once(name, repeats));
  }
  return Object.fromEntries(names.map((name) => [name, spread(times.get(name) ?? [])])) as Record<Name, Spread>;
}
