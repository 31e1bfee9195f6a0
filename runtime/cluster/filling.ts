/**
 * The reading member's work while others of a path are filled: entries are brought over and over, some at a time, until the last of those
 * members has acknowledged each. What is owed, and what may be said of it, are pure (transfer.ts).
 */
import type { Change } from "./change.ts";
import { MOST_JOBS, type Standing, type TableFamily, type TableMemory, type Tables } from "./table-memory.ts";
import { acknowledged, completions, type Duties, dutiesUnder } from "./transfer.ts";
import type { View } from "./view.ts";

type Key = Pick<Standing, "family" | "index" | "serial">;

export interface Filling {
  /** The node acts by this view, and by none before: what it owes now. */
  under(view: View, node: number): void;
  /** Sends some of what is owed, and looks at what has been acknowledged. Gives how many entries are still owed. */
  turn(): number;
  /** Entries that are owed, as of the last turn. */
  readonly owed: number;
  /** What may be said under the view as it is. */
  completions(): readonly Change[];
}

/** In one number, so that sets of them are small: 26 bits of index, 16 of serial, one of family. */
const packed = ({ family, index, serial }: Key): number => (index * 65_536 + serial) * 2 + (family === 4 ? 0 : 1);
const unpacked = (key: number): Key => {
  const rest = Math.floor(key / 2);
  return { family: key % 2 === 0 ? 4 : 6, index: Math.floor(rest / 65_536), serial: rest % 65_536 };
};

/** @param most entries that are sent in one turn, of each family */
export function fillingOf(tables: Tables, memory: Pick<TableMemory, "bring" | "now">, most = MOST_JOBS): Filling {
  let duties: Duties<number> = new Map();
  let acting: { readonly view: View; readonly node: number } | null = null;
  /** By bucket, the number that its entries are sent under: the epoch at which the duty began. */
  let began = new Map<number, number>();

  const owed = (): number => {
    let all = 0;
    for (const { pending } of duties.values()) all += pending.size;
    return all;
  };

  function byBucket(): ReadonlyMap<number, number[]> {
    const keys = new Map<number, number[]>();
    for (const one of tables.standing()) {
      if (!one.isClient || one.bucket === null) continue;
      const known = keys.get(one.bucket);
      if (known === undefined) keys.set(one.bucket, [packed(one)]);
      else known.push(packed(one));
    }
    return keys;
  }

  return {
    under(view, node) {
      let found: ReadonlyMap<number, number[]> | undefined;
      const keysOf = (bucket: number): Iterable<number> => {
        found ??= byBucket();
        return found.get(bucket) ?? [];
      };
      const next = dutiesUnder(duties, view, node, keysOf);
      const stays = (bucket: number): boolean => duties.get(bucket) === next.get(bucket);
      began = new Map(
        [...next.keys()].map((bucket) => [bucket, stays(bucket) ? (began.get(bucket) ?? view.epoch) : view.epoch]),
      );
      duties = next;
      acting = { view, node };
    },
    turn() {
      const jobs = { 4: [], 6: [] } as Record<TableFamily, { index: number; serial: number; number: number }[]>;
      // Asked once: in the kernel that is a test run, and a million entries may be owed.
      const now = memory.now();
      for (const [bucket, { pending }] of duties) {
        const number = began.get(bucket) ?? 0;
        const again: number[] = [];
        for (const key of pending) {
          const one = unpacked(key);
          const brought = tables.broughtOf(one, now);
          if (brought === "gone" || brought === number) acknowledged(duties, bucket, key);
          else if (jobs[one.family].length < most) {
            jobs[one.family].push({ index: one.index, serial: one.serial, number });
            again.push(key);
          }
        }
        // Behind those that have not been sent yet.
        for (const key of again) {
          pending.delete(key);
          pending.add(key);
        }
      }
      for (const family of [4, 6] as const) if (jobs[family].length > 0) memory.bring(family, jobs[family]);
      return owed();
    },
    get owed() {
      return owed();
    },
    completions: () => (acting === null ? [] : completions(duties, acting.view, acting.node)),
  };
}
