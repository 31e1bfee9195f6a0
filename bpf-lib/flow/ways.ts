/**
 * A table of flows in an array map, without the kernel's help: nothing is allocated, nothing is evicted unless asked for.
 * Most keys stand in their home way, so that a hit touches one cache line; directories tell where others are, so that a
 * miss touches little more. See docs/decisions/0007-flow-table-in-array-maps.md.
 *
 *     const last = constant(u32, 65_535); // at the top of a module: the loader sets it with the map's size
 *     const flows = openWays({ name: "zeta_node_flows4", way, words: [0, 1], ways: 65_536, last, whenFull: "refuse" });
 *
 *     const now = spansNow();
 *     const found = flows.find(key, now);
 *     if (found.way !== null) {
 *       const { destination } = found.way; // copy what decides over the packet …
 *       if (!flows.stands(found)) …        // … and only then trust it
 *       found.way.until = now + idle;      // stay alive
 *     } else {
 *       const made = flows.insert(key, now, idle, (way) => { way.destination = …; });
 *       if (made.outcome === Insertion.Inserted) …
 *     }
 *
 * Readers take no lock. Whoever adds or removes holds the lock of the key's stripe of the table, and leaves the way with
 * another serial number: `stands` tells a reader whether what it has copied was one flow's. Whoever may change a flow's
 * single words in place, `until` or counters, need not hold anything.
 */
import { barrier, u8, u16, type u32, type u64 } from "zeta/bpf";
import { hashOf } from "./ways/key-hash.ts";
import { openPages, type PageOfWays, type Shape } from "./ways/pages.ts";
import { IN, OUT, openPassed } from "./ways/passed.ts";
import { PLACES, WAYS } from "./ways/places.ts";
import { type Found, nothing, openSearch } from "./ways/search.ts";
import { openVacancies } from "./ways/vacancies.ts";
import { type Key, lives, sameKey, type Way } from "./ways/way.ts";

export type { Shape } from "./ways/pages.ts";
export type { Found } from "./ways/search.ts";
export { type Key, type Way, wayFields } from "./ways/way.ts";

/**
 * What became of an insertion. Busy: another CPU has changed this part of the table meanwhile, and nothing was done; to be
 * tried again, by whoever can at the least cost to the verifier.
 */
export const Insertion = { Full: 0, Inserted: 1, There: 2, Busy: 3 } as const;

export interface Inserted<W> extends Found<W> {
  /** Of `Insertion`. When the key is `There`, the way is the one that holds it. */
  readonly outcome: u32;
}

const failed = <W>(outcome: u32): Inserted<W> => ({ outcome, way: null, index: 0, serial: 0 });

/** The way of a region in whose directory a key stands. */
const directoryOf = <W>(page: PageOfWays<W>, index: u32, hash: u32): W => page[(index & (WAYS - 4)) + (hash & 3)] as W;

export const openWays = <W extends Way>(shape: Shape<W>) => {
  const { words } = shape;
  const pages = openPages(shape);
  const search = openSearch(shape, pages);
  const countPassed = openPassed(shape, pages);
  const { choose, placeOf } = openVacancies(shape, pages, search);

  const countOut = (hash: u32, index: u32): void => {
    const place = placeOf(pages.placesOf(hash), hash, index);
    if (place !== 0 && place !== PLACES) countPassed(hash, place, OUT);
  };

  return {
    /** The way at an index, whatever it holds: compare its key. Null beyond the table's end. */
    at: pages.at,

    /** The index of the way where a key stands, or would be put, unless another has it: to read it ahead. */
    homeOf: (key: Key): u32 => pages.placesOf(hashOf(key)).home,

    /** Finds a living flow. */
    find(key: Key, now: u32): Found<W> {
      const hash = hashOf(key);
      const { way, index, serial } = search(key, pages.placesOf(hash), hash);
      if (way === null || (serial & 1) !== 0 || !lives(way.until, now)) return nothing();
      barrier();
      return { way, index, serial };
    },

    /**
     * Whether the way has been the same flow's ever since it was found: what was copied meanwhile is whole, and its own.
     * It relies on loads that are not reordered, as on x86.
     */
    stands(found: Found<W>): boolean {
      barrier();
      return found.way !== null && found.way.serial === found.serial;
    },

    /**
     * Adds a flow. `fill` writes all of the way's other fields, and does nothing else: it runs under the lock.
     * @param idle spans after which the flow is over unless `until` is set anew: 1 to LONGEST_IDLE
     */
    insert(key: Key, now: u32, idle: u32, fill: (way: W) => void): Inserted<W> {
      const hash = hashOf(key);
      const places = pages.placesOf(hash);
      const lock = pages.lockOf(places);
      if (lock === null) return failed(Insertion.Full);
      const { version } = lock;
      barrier();
      const { index, place, there } = choose(key, hash, now);
      const page = pages.page(index / WAYS);
      if (page === null) return failed(Insertion.Full);
      const way = page[index & (WAYS - 1)] as W;
      if (there) return { outcome: Insertion.There, way, index, serial: way.serial };
      const oldHash = hashOf(words.map((i) => way.key[i] as u64));
      if (place !== 0 && countPassed(hash, place, IN) === 0) return failed(Insertion.Busy);
      let serial: u16 = 0;
      let done = false;
      let unlinked = false;
      pages.holding(lock, () => {
        if (lock.version === version) {
          serial = u16(way.serial + 2);
          way.serial = u16(way.serial + 1);
          way.until = 0;
          barrier();
          const bit = 1 << (index & 3);
          const old = directoryOf(page, index, oldHash);
          unlinked = (old.directory & bit) !== 0;
          old.directory = u8(old.directory & ~bit);
          const own = directoryOf(page, index, hash);
          own.directory = u8(own.directory | bit);
          key.forEach((word, i) => {
            way.key[i] = word;
          });
          fill(way);
          barrier();
          way.until = now + idle;
          barrier();
          way.serial = serial;
          // Last: whoever reads this number will see all that came before it.
          barrier();
          lock.version = version + 1;
          done = true;
        }
      });
      if (done) {
        if (unlinked) countOut(oldHash, index);
        return { outcome: Insertion.Inserted, way, index, serial };
      }
      if (place !== 0) countPassed(hash, place, OUT);
      return failed(Insertion.Busy);
    },

    /** Ends a flow. False when the way is another's by now; or when this part of the table was held all the time. */
    remove(index: u32, key: Key): boolean {
      const hash = hashOf(key);
      const lock = pages.lockOf(pages.placesOf(hash));
      const page = pages.page(index / WAYS);
      if (lock === null || page === null) return false;
      const way = page[index & (WAYS - 1)] as W;
      const own = directoryOf(page, index, hash);
      let done = false;
      pages.holding(lock, () => {
        const bit = 1 << (index & 3);
        if ((own.directory & bit) !== 0 && sameKey(way, key)) {
          way.serial = u16(way.serial + 1);
          way.until = 0;
          barrier();
          own.directory = u8(own.directory & ~bit);
          for (const i of words) way.key[i] = 0n;
          barrier();
          way.serial = u16(way.serial + 1);
          barrier();
          lock.version += 1;
          done = true;
        }
      });
      if (done) countOut(hash, index);
      return done;
    },
  };
};
