/** The memory of a table: an array of pages of ways, and locks. */
import {
  array,
  atomic,
  barrier,
  type FixedArray,
  type Layout,
  map,
  type SpinLock,
  spinLock,
  struct,
  u32,
  withLock,
} from "zeta/bpf";
import { type Places, pageOf, placesOf, regionOf, STRIPES, WAYS } from "./places.ts";
import type { Way } from "./way.ts";

/** What a table is made of. */
export interface Shape<W extends Way> {
  /** The map's name; `NAME_locks` is that of its locks. */
  readonly name: string;
  /** Begins with `wayFields(words)`; 64 bytes, or 128. */
  readonly way: Layout<W>;
  /** The indices of a key's words: [0, 1], or [0, 1, 2, 3, 4]. */
  readonly words: readonly number[];
  /** How many ways: a power of two from 64 on. The loader may choose another number, and must set `last` with it. */
  readonly ways: number;
  /** A constant: the number of ways less one. */
  readonly last: { readonly value: u32 };
  /** When all places of a new key are taken: "refuse" it, or let it replace the "oldest" of the four ways at its home. */
  readonly whenFull: "refuse" | "oldest";
  /**
   * How those who change the table keep each other out: "compareExchange", unless told, which costs 2 ns and gives up when
   * a lock is not free in some microseconds; or the kernel's "spinLock", which costs 40 ns and is there for programs in the
   * instruction set v2, which has no other means.
   */
  readonly exclusion?: "compareExchange" | "spinLock";
}

/** One of the table's locks. Whatever it guards is read first, and written under it if the version is still the same. */
interface Lock {
  readonly lock: SpinLock;
  held: u32;
  version: u32;
}

/** How often a lock is tried, about 5 ns each time: who holds one does so for less than a microsecond, if it is not stopped. */
const TRIES = 256;

export type PageOfWays<W> = FixedArray<W>;

export const openPages = <W extends Way>({ name, way, ways, last, exclusion = "compareExchange" }: Shape<W>) => {
  const pages = map.array({ name, value: struct({ ways: array(way, WAYS) }), max: ways / WAYS, mapped: true });
  const own = exclusion === "spinLock" ? { lock: spinLock } : { held: u32 };
  const locks = map.array({
    name: `${name}_locks`,
    // Each on a cache line of its own.
    value: struct({ ...own, version: u32, spare: array(u32, 14) }) as unknown as Layout<Lock>,
    max: STRIPES,
    mapped: true,
  });
  /** Runs `body`, which only reads and writes fields, while no other CPU does; false if that could not be had. */
  const holding = (lock: Lock, body: () => void): boolean => {
    if (exclusion === "spinLock") {
      withLock(lock.lock, body);
      return true;
    }
    let held = false;
    for (let i = 0; i < TRIES; i++) {
      if (atomic.compareExchange(lock, "held", 0, 1) !== 0) continue;
      held = true;
      break;
    }
    if (!held) return false;
    body();
    barrier();
    lock.held = 0;
    return true;
  };
  const page = (index: u32): PageOfWays<W> | null => pages.at(index)?.ways ?? null;
  return {
    page,
    holding,
    /** The way at an index; null beyond the table's end. */
    at: (index: u32): W | null => {
      const own = page(index / WAYS);
      return own === null ? null : (own[index & (WAYS - 1)] as W);
    },
    placesOf: (hash: u32): Places => placesOf(hash, last.value),
    lockOf: (places: Places) => locks.at(places.stripe),
    /** The index of the first way of the sequence's region `place`. */
    region: (places: Places, place: u32): u32 => {
      const which = pageOf(place);
      const number = which === 0 ? places.first : which === 1 ? places.second : places.third;
      return number * WAYS + regionOf(places, place);
    },
  };
};

export type Pages<W extends Way> = ReturnType<typeof openPages<W>>;
