/** Histories in several processes at once, each with seeds of its own: what comes of them is put together. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { COUNTED, type Tally } from "./campaign.ts";
import { carriedTogether } from "./network.ts";

const COMMAND = fileURLToPath(new URL("main.ts", import.meta.url));
const NUMBERS = [
  "histories",
  "events",
  "packets",
  "releases",
  "flows",
  "epochs",
  "stood",
  "drifting",
  "violations",
] as const;

/** So many for each process, in order of their seeds; none is without. */
export function shares(histories: number, processes: number): readonly number[] {
  const all = Math.min(histories, processes);
  return Array.from(
    { length: all },
    (_, nth) => Math.floor(((nth + 1) * histories) / all) - Math.floor((nth * histories) / all),
  );
}

/** Of histories whose seeds follow one another. @throws RangeError when there are none. */
export function together<T extends Tally>(tallies: readonly T[]): T {
  const [first] = tallies;
  if (first === undefined) throw new RangeError("There is nothing to put together.");
  const sums = NUMBERS.map((name) => [name, tallies.reduce((sum, one) => sum + one[name], 0)]);
  const least = COUNTED.map((name) => [name, Math.min(...tallies.map((one) => one.least[name]))]);
  const faults: Record<string, number> = {};
  for (const one of tallies)
    for (const [kind, count] of Object.entries(one.faults)) faults[kind] = (faults[kind] ?? 0) + count;
  const network = carriedTogether(tallies.map((one) => one.network));
  return { ...first, ...Object.fromEntries(sums), faults, network, least: Object.fromEntries(least) };
}

export interface Apart {
  readonly histories: number;
  readonly seed: number;
  readonly processes: number;
  /** Further options of `npm run simulate`. */
  readonly options: readonly string[];
}

/** What a process prints, once it has ended; what it says besides goes to standard error as it comes. */
async function printed(command: readonly string[], running: Set<ChildProcess>): Promise<string> {
  const child = spawn(process.execPath, [COMMAND, ...command], { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  try {
    await once(child, "close");
  } finally {
    running.delete(child);
  }
  return Buffer.concat(parts).toString();
}

/** @throws Error when a process ends without a tally. All others end with it. */
export async function playedApart({ histories, seed, processes, options }: Apart): Promise<Tally> {
  const running = new Set<ChildProcess>();
  const end = (): void => {
    for (const child of running) child.kill();
  };
  const ended = (signal: NodeJS.Signals): never => {
    end();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, ended);
  let next = seed;
  const runs = shares(histories, processes).map(async (share): Promise<Tally> => {
    const own = `${next}`;
    next += share;
    // With histories that break an invariant its exit code is 1, and there is a tally all the same.
    const text = await printed(["--histories", `${share}`, "--seed", own, "--processes", "1", ...options], running);
    if (text === "") throw new Error(`The process for the histories from seed ${own} on has ended without a tally.`);
    return JSON.parse(text) as Tally;
  });
  try {
    return together(await Promise.all(runs));
  } finally {
    end();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, ended);
  }
}
