/**
 * Counting the keys that have gone on from the regions before their own: in before they are linked there, out after they
 * were unlinked, so that a search that comes between goes on too long rather than not long enough.
 */
import { subprogram, u8, type u32 } from "zeta/bpf";
import type { Pages, Shape } from "./pages.ts";
import { PLACES, pageOf, regionOf } from "./places.ts";
import { passedOf, type Way } from "./way.ts";

/** A count that has got so far stays: then it is not known any more how many there are. */
const SATURATED = 15;
/** What is added to a directory, whose count has the high four bits. */
export const IN = 0x10;
export const OUT = 0xf0;

/**
 * Gives a subprogram that counts the key of this hash, whose region has this place in its sequence, in or out; it gives 1
 * when it has. A key that was not counted in must not be linked; one that was not counted out costs time only.
 */
export const openPassed = <W extends Way>({ name }: Shape<W>, pages: Pages<W>) =>
  subprogram(
    `${name}_passed`,
    (hash: u32, place: u32, by: u32): u32 => {
      const places = pages.placesOf(hash);
      const lock = pages.lockOf(places);
      const first = pages.page(places.first);
      const second = pages.page(places.second);
      const third = pages.page(places.third);
      if (lock === null || first === null || second === null || third === null) return 0;
      const done = pages.holding(lock, () => {
        for (let before = 0; before < PLACES; before++) {
          if (before >= place) break;
          const which = pageOf(before);
          const slot = regionOf(places, before) + (places.home & 3);
          const of = (which === 0 ? first[slot] : which === 1 ? second[slot] : third[slot]) as W;
          if (passedOf(of.directory) !== SATURATED) of.directory = u8(of.directory + by);
        }
      });
      return done ? 1 : 0;
    },
    { verified: "alone" },
  );
