/**
 * How entries of the flow table end, by batches that the agent works through; nothing is scanned on a packet's path. An entry that
 * idles rests: it stands as a tombstone that data still revives at its head. One that has been closed, and idled, has ended for
 * good. Either is forgotten only when nobody can know of it any more.
 */
import type { Times } from "./time.ts";

/** `resting` and `ended` are tombstones: nobody is granted a lease of them. */
export type EntryState = "open" | "closing" | "resting" | "ended";

export const isTombstone = (state: EntryState): boolean => state === "resting" || state === "ended";

/** What of an entry its end depends on. Times are of the node's own clock. */
export interface Life {
  readonly state: EntryState;
  /** When it was last written by a decision, a refresh or a revival. */
  readonly touched: number;
  /** When it became a tombstone here; at the head, when the end of the path acknowledged that. */
  readonly ended: number;
  /** At the head: whether the end of the path has the tombstone. */
  readonly acknowledged: boolean;
  /** At the head: when the tombstone was last sent along the chain. */
  readonly told: number;
}

export type Ending =
  /** It becomes a tombstone, of this state. The head sends it along the chain under a fresh version. */
  | { readonly kind: "end"; readonly state: "resting" | "ended" }
  /** The head sends the tombstone again. */
  | { readonly kind: "repeat" }
  | { readonly kind: "forget" };

/** Hops between two tellings of a tombstone: there and back along the longest path. */
const repeatAfter = ({ hop, longestPath }: Times): number => (longestPath + 2) * hop;

/** What is due to an entry now, at a node that is its bucket's head or is not; null while nothing is. */
export function endingOf(life: Life, isHead: boolean, now: number, times: Times): Ending | null {
  switch (life.state) {
    case "open":
      return now - life.touched > times.entryLife ? { kind: "end", state: "resting" } : null;
    case "closing":
      return now - life.touched > times.closingLife ? { kind: "end", state: "ended" } : null;
    case "resting":
    case "ended":
      if (isHead && !life.acknowledged) return now - life.told > repeatAfter(times) ? { kind: "repeat" } : null;
      return now - life.ended > times.tombstone ? { kind: "forget" } : null;
  }
}
