/** Finding a key's way: at home, then by the directory in the home's region, then along the sequence. */
import { array, barrier, loop, map, struct, subprogram, type u32, u64 } from "zeta/bpf";
import type { Pages, Shape } from "./pages.ts";
import { PLACES, type Places, REGION, WAYS } from "./places.ts";
import { type Key, NOWHERE, passedOf, sameKey, type Way } from "./way.ts";

export interface Found<W> {
  /** Live; null when the key is not there. */
  readonly way: W | null;
  /** The way's index in the table. */
  readonly index: u32;
  readonly serial: u32;
}

export const nothing = <W>(): Found<W> => ({ way: null, index: 0, serial: 0 });

/** The key that a subprogram works on: more than its parameters could hold. */
export const sought = map.perCpuArray({ name: "zeta_flow_sought", value: struct({ key: array(u64, 5) }), max: 1 });

/** Hands a key to a subprogram. */
export const seek = (key: Key): boolean => {
  const wanted = sought.at(0);
  if (wanted === null) return false;
  key.forEach((word, i) => {
    wanted.key[i] = word;
  });
  return true;
};

export const openSearch = <W extends Way>({ name, words }: Shape<W>, pages: Pages<W>) => {
  /** Looks in the regions after the home's. Every fiftieth key stands there in a table that is half full. */
  const further = subprogram(
    `${name}_further`,
    (hash: u32): u32 => {
      let index: u32 = NOWHERE;
      // A way at a time, by the kernel's own loop, which the verifier walks once. What it captures takes stack, and there is little.
      loop((PLACES - 1) * REGION, (i) => {
        const wanted = sought.at(0);
        const places = pages.placesOf(hash);
        const region = pages.region(places, 1 + i / REGION);
        const slot = i % REGION;
        const of = pages.at(region + (places.home & 3));
        const way = pages.at(region + slot);
        if (wanted === null || of === null || way === null) return false;
        const { directory } = of;
        const key = words.map((i) => wanted.key[i] as u64);
        if (((directory >> slot) & 1) !== 0 && sameKey(way, key)) {
          index = region + slot;
          return false;
        }
        return slot < REGION - 1 || passedOf(directory) !== 0;
      });
      return index;
    },
    { verified: "alone" },
  );

  const searchFurther = (key: Key, hash: u32): Found<W> => {
    if (!seek(key)) return nothing();
    const index = further(hash);
    const way = pages.at(index);
    if (way === null) return nothing();
    const { serial } = way;
    barrier();
    return sameKey(way, key) ? { way, index, serial } : nothing();
  };

  /** The way that holds the key, living or not: a key stands in one way at most. */
  return (key: Key, places: Places, hash: u32): Found<W> => {
    const page = pages.page(places.first);
    if (page === null) return nothing();
    const home = page[places.home & (WAYS - 1)] as W;
    // Before the content, so that a change of it in between shows.
    const { serial } = home;
    barrier();
    if (sameKey(home, key)) return { way: home, index: places.home, serial };
    const { directory } = home;
    if (directory !== 0) {
      for (const step of [1, 2, 3]) {
        // First the other way of the pair that lies in 128 bytes: processors that fetch lines in pairs have it already.
        const at = (places.home ^ step) & (WAYS - 1);
        const way = page[at] as W;
        const { serial } = way;
        barrier();
        if (((directory >> (at & 3)) & 1) !== 0 && sameKey(way, key))
          return { way, index: places.first * WAYS + at, serial };
      }
    }
    return passedOf(directory) === 0 ? nothing() : searchFurther(key, hash);
  };
};
