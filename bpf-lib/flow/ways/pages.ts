/** The memory of a table: an array of pages of ways, and locks. */
import { array, atomic, barrier, type FixedArray, type Layout, loop, map, type Of, struct, u32 } from "zeta/bpf";
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
}

/** One of the table's locks. Whatever it guards is read first, and written under it if the version is still the same. */
const lock = struct({
  held: u32,
  version: u32,
  /** Each is on a cache line of its own. */
  spare: array(u32, 14),
});
type Lock = Of<typeof lock>;

/** How often a lock is tried, about 5 ns each time: who holds one does so for less than a microsecond, if it is not stopped. */
const TRIES = 256;

export type PageOfWays<W> = FixedArray<W>;

export const openPages = <W extends Way>({ name, way, ways, last }: Shape<W>) => {
  const pages = map.array({ name, value: struct({ ways: array(way, WAYS) }), max: ways / WAYS, mapped: true });
  const locks = map.array({ name: `${name}_locks`, value: lock, max: STRIPES, mapped: true });
  /** Runs `body`, which only reads and writes fields, while no other CPU does; false if that could not be had. */
  const holding = (lock: Lock, body: () => void): boolean => {
    // By the kernel's own loop: the verifier walks it once, and not as often as there are tries.
    let held = atomic.compareExchange(lock, "held", 0, 1) === 0;
    if (!held)
      loop(TRIES, () => {
        held = atomic.compareExchange(lock, "held", 0, 1) === 0;
        return !held;
      });
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
