/** The same with the kernel's own tables. */
import { array, clock, type FixedArray, type KeyedMap, type Of, struct, u32, u64 } from "zeta/bpf";
import type { Lookup, value } from "./flows.ts";

export const ENTRIES = 131_072;
/** The kernel's hash tables take keys of any layout. */
export const key4 = struct({ words: array(u64, 2) });
/** Katran's, for both families. */
export const key6 = struct({ words: array(u64, 5) });

interface Words {
  readonly words: FixedArray<u64>;
}

export const kernelLookup =
  (tableOf: () => KeyedMap<Words, Of<typeof value>> | null): Lookup =>
  (words, length) => {
    const table = tableOf();
    if (table === null) return null;
    const key: Words = { words: words as unknown as Words["words"] };
    const now = u32(clock("jiffies") >> 4n);
    const known = table.get(key);
    if (known !== null) {
      known.until = now;
      known.packets += 1n;
      known.bytes += length;
      return known.decision;
    }
    const added = { decision: 1, generation: 0, packets: 1n, bytes: length, until: now, hop: 0, rest: 0n };
    return table.set(key, added) ? 1 : null;
  };
