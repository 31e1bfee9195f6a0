/** The memory of a table: an array of pages of ways, and locks. */
import { array, type FixedArray, type Layout, map, spinLock, struct, u32 } from "zeta/bpf";
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

export type PageOfWays<W> = FixedArray<W>;

export const openPages = <W extends Way>({ name, way, ways, last }: Shape<W>) => {
  const pages = map.array({ name, value: struct({ ways: array(way, WAYS) }), max: ways / WAYS, mapped: true });
  const locks = map.array({
    name: `${name}_locks`,
    // Whatever a lock guards is read first and written under it, if nothing has changed: then the version is the same.
    value: struct({ lock: spinLock, version: u32, spare: array(u32, 14) }),
    max: STRIPES,
    mapped: true,
  });
  const page = (index: u32): PageOfWays<W> | null => pages.at(index)?.ways ?? null;
  return {
    page,
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
