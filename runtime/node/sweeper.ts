/**
 * Walks a node's flow tables while somebody wants to know what stands in them: over and over, in slices, as mapped memory.
 * What it costs is bounded: a fiftieth of one CPU, however many flows there are; more flows make it slower to come round.
 */
import { setImmediate as turn } from "node:timers/promises";
import { type MapMemory, openMemory } from "../loader/map-memory.ts";
import type { Node } from "./api.ts";
import { WAYS_OF_A_PAGE } from "./flow-tables.ts";
import { type FlowWays, flowWays } from "./flow-ways.ts";
import { spansNow } from "./spans.ts";

/** A part of a table, to be looked through in one go. */
export interface Slice {
  readonly table: FlowWays;
  readonly memory: MapMemory;
  /** The table's memory as words of 32 bits. */
  readonly words: Uint32Array;
  /** Indices of its first way, and of the one after its last. */
  readonly from: number;
  readonly to: number;
  /** The tables' time when the sweep began, in spans. */
  readonly now: number;
}

/** Whoever looks at every way. */
export interface SweepUser {
  /** While it gives false, nothing is swept for it. */
  wants(): boolean;
  begin(now: number): void;
  look(slice: Slice): void;
  end(): void;
}

export interface Sweeper {
  /** A whole sweep that begins now, at full speed, with turns for other work. */
  sweep(): Promise<void>;
  /** Begins to sweep over and over, as long as a user wants it. Nothing happens when it does so already. */
  start(): void;
  /** Before the tables are closed. */
  close(): void;
}

/** Ways between two looks at the clock: some 50 µs. */
const GRAIN = 64 * WAYS_OF_A_PAGE;
/** Milliseconds of work in a row. */
const WORK = 1;
/** How much longer than the work the rest after it is; and its most, since a slice that was interrupted seems long. */
const REST = 70;
const LONGEST_REST = 100;
/** Milliseconds between the beginnings of two sweeps, at least. */
const PERIOD = 1000;
interface Opened {
  readonly table: FlowWays;
  readonly memory: MapMemory;
  readonly words: Uint32Array;
}

export function sweeperOf(node: Pick<Node, "manifest" | "object">, users: readonly SweepUser[]): Sweeper {
  let opened: readonly Opened[] | null = null;
  let closed = false;
  let running: Promise<void> | null = null;
  /** Somebody waits for a whole sweep. */
  let hurried = 0;
  let wake = (): void => undefined;

  const openTables = (): readonly Opened[] => {
    opened ??= flowWays(node).map((table) => {
      const memory = openMemory(table.map);
      const { buffer, byteOffset, length } = memory.bytes;
      return { table, memory, words: new Uint32Array(buffer, byteOffset, length / 4) };
    });
    return opened;
  };
  const closeTables = (): void => {
    for (const { memory } of opened ?? []) memory[Symbol.dispose]();
    opened = null;
  };
  /** Does not keep a process alive that has nothing else to do. */
  const rest = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** Whether it came to its end. */
  async function once(): Promise<boolean> {
    const wanting = users.filter((user) => user.wants());
    const now = spansNow(node.object);
    for (const user of wanting) user.begin(now);
    for (const one of openTables()) {
      const ways = one.words.length / one.table.words;
      let began = performance.now();
      for (let from = 0; from < ways; from += GRAIN) {
        const slice: Slice = { ...one, from, to: Math.min(from + GRAIN, ways), now };
        for (const user of wanting) user.look(slice);
        const worked = performance.now() - began;
        if (worked < WORK) continue;
        await (hurried > 0 ? turn() : rest(Math.min(LONGEST_REST, worked * REST)));
        if (closed) return false;
        began = performance.now();
      }
    }
    for (const user of wanting) user.end();
    return true;
  }

  async function overAndOver(): Promise<void> {
    while (!closed && hurried === 0 && users.some((user) => user.wants())) {
      const began = performance.now();
      await once();
      if (hurried === 0 && !closed) await rest(Math.max(0, PERIOD - (performance.now() - began)));
    }
  }
  const start = (): void => {
    if (closed || running !== null) return;
    running = overAndOver().finally(() => {
      running = null;
      if (closed || !users.some((user) => user.wants())) closeTables();
      else if (hurried === 0) start();
    });
    // What goes wrong in between is told to whoever sweeps next.
    running.catch(() => undefined);
  };

  let last: Promise<unknown> = Promise.resolve();
  return {
    sweep() {
      hurried += 1;
      wake();
      const work = last.then(async () => {
        await running;
        if (!closed) await once();
      });
      last = work
        .catch(() => undefined)
        .then(() => {
          hurried -= 1;
          if (hurried === 0) start();
        });
      return work;
    },
    start,
    close() {
      closed = true;
      wake();
      closeTables();
    },
  };
}
