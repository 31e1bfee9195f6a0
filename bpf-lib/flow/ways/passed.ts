/**
 * Counting the keys that have gone on from the regions before their own: in before they are linked there, out after they
 * were unlinked, so that a search that comes between goes on too long rather than not long enough.
 */
import { loop, subprogram, u8, type u32 } from "zeta/bpf";
import type { Pages, Shape } from "./pages.ts";
import { PLACES } from "./places.ts";
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
      const lock = pages.lockOf(pages.placesOf(hash));
      if (lock === null) return 0;
      const done = pages.holding(lock, () => {
        // By the kernel's own loop, which the verifier walks once.
        loop(place < PLACES ? place : PLACES, (before) => {
          const places = pages.placesOf(hash);
          const of = pages.at(pages.region(places, before) + (places.home & 3));
          if (of !== null && passedOf(of.directory) !== SATURATED) of.directory = u8(of.directory + by);
          return true;
        });
      });
      return done ? 1 : 0;
    },
    { verified: "alone" },
  );
