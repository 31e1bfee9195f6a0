/** Where a new key may stand. */
import { loop, subprogram, u32, u64 } from "zeta/bpf";
import { LONGEST_IDLE } from "../time.ts";
import type { Pages, Shape } from "./pages.ts";
import { PLACES, type Places } from "./places.ts";
import { type Found, seek, sought } from "./search.ts";
import { type Key, lives, NOWHERE, type Way } from "./way.ts";

export interface Vacancy {
  /** A way's index, or NOWHERE. */
  readonly index: u32;
  /** Of its region in the key's sequence; PLACES if it is none of them. */
  readonly place: u32;
}

export interface Choice extends Vacancy {
  /** It is living there. */
  readonly there: boolean;
}
/** Above a place and an index. */
const THERE = 1n << 40n;

export const openVacancies = <W extends Way>(
  { name, words, whenFull }: Shape<W>,
  pages: Pages<W>,
  search: (key: Key, places: Places, hash: u32) => Found<W>,
) => {
  /** The first way of a region that no living flow has, beginning beside the home's place. */
  const inRegion = (region: u32, home: u32, now: u32): u32 => {
    for (const step of [0, 1, 2, 3]) {
      const index = (region & ~3) + ((home ^ step) & 3);
      const way = pages.at(index);
      if (way !== null && !lives(way.until, now)) return index;
    }
    return NOWHERE;
  };

  const later = subprogram(
    `${name}_vacancy`,
    (hash: u32, now: u32): u64 => {
      let found: u64 = u64(NOWHERE);
      // By the kernel's own loop, which the verifier walks once. What it captures takes stack, and there is little.
      loop(PLACES - 1, (i) => {
        const places = pages.placesOf(hash);
        const index = inRegion(pages.region(places, i + 1), places.home, now);
        if (index === NOWHERE) return true;
        found = (u64(i + 1) << 32n) | u64(index);
        return false;
      });
      return found;
    },
    { verified: "alone" },
  );

  /** The way of the home's region that has the least time to live. */
  const oldest = (places: Places, now: u32): u32 => {
    let index: u32 = NOWHERE;
    let least: u32 = LONGEST_IDLE + 1;
    for (const step of [0, 1, 2, 3]) {
      const next = places.home ^ step;
      const way = pages.at(next);
      if (way === null) return NOWHERE;
      const left = lives(way.until, now) ? way.until - now : 0;
      if (left < least) {
        least = left;
        index = next;
      }
    }
    return index;
  };

  /** The place in a key's sequence of the region that a way is in; PLACES if it is none of them. */
  const laterPlace = subprogram(
    `${name}_place`,
    (hash: u32, index: u32): u32 => {
      let found: u32 = PLACES;
      loop(PLACES - 1, (i) => {
        const places = pages.placesOf(hash);
        if (pages.region(places, i + 1) !== (index & ~3)) return true;
        found = i + 1;
        return false;
      });
      return found;
    },
    { verified: "alone" },
  );

  const placeOf = (places: Places, hash: u32, index: u32): u32 =>
    ((places.home ^ index) & ~3) === 0 ? 0 : laterPlace(hash, index);

  /** Where a key that is not there may be put. */
  const vacancy = (places: Places, hash: u32, now: u32): Vacancy => {
    if (whenFull === "oldest") return { index: oldest(places, now), place: 0 };
    const index = inRegion(places.home, places.home, now);
    if (index !== NOWHERE) return { index, place: 0 };
    const found = later(hash, now);
    return { index: u32(found), place: u32(found >> 32n) };
  };

  /** Looks for the key that was handed over; gives `Choice` in one number. */
  const choose = subprogram(
    `${name}_choose`,
    (hash: u32, now: u32): u64 => {
      const wanted = sought.at(0);
      if (wanted === null) return u64(NOWHERE);
      const places = pages.placesOf(hash);
      const known = search(
        words.map((i) => wanted.key[i] as u64),
        places,
        hash,
      );
      if (known.way === null) {
        const { index, place } = vacancy(places, hash, now);
        return (u64(place) << 32n) | u64(index);
      }
      // A flow that is over keeps its way when it comes again.
      const place = placeOf(places, hash, known.index);
      return (lives(known.way.until, now) ? THERE : 0n) | (u64(place) << 32n) | u64(known.index);
    },
    { verified: "alone" },
  );

  return {
    placeOf,
    /** Where a key may be put, or is already. */
    choose: (key: Key, hash: u32, now: u32): Choice => {
      if (!seek(key)) return { index: NOWHERE, place: 0, there: false };
      const chosen = choose(hash, now);
      return { index: u32(chosen), place: u32(chosen >> 32n) & 0xff, there: (chosen & THERE) !== 0n };
    },
  };
};
