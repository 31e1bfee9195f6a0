/**
 * Maglev (Eisenbud et al., NSDI 2016): user space fills a table of prime size with choices; a packet's hash picks a slot.
 * The slot is the hash scaled to the table's size, which spreads as evenly as the remainder does and costs no division.
 */

import type { Maglev } from "zeta";
import { array, type Layout, map, struct, u8, u16, u32, u64 } from "zeta/bpf";

/** Slots in a line of the table, which fills a line of the cache: new flows are many, and each reads another slot. */
const LINE = 32;

export const openMaglev = <V>(name: string, of: Layout<V>, max: number, size: number, slot: u32): Maglev<V> => {
  const tables = map.arrayOfMaps({
    name,
    // Numbers of choices, from 1 on; 0: none.
    of: map.array({ name: `${name}_one`, value: struct({ numbers: array(u16, LINE) }), max: (size + LINE - 1) / LINE }),
    max: 2,
  });
  const choices = map.arrayOfMaps({
    name: `${name}_choices`,
    of: map.array({ name: `${name}_choices_one`, value: struct({ choice: of }), max }),
    max: 2,
  });
  const members = map.arrayOfMaps({
    name: `${name}_set`,
    of: map.hash({ name: `${name}_set_one`, key: of, value: u8, max }),
    max: 2,
  });
  return {
    pick(hash) {
      const table = tables.get(slot);
      const chosen = choices.get(slot);
      if (table === null || chosen === null) return null;
      const place = u32((u64(hash) * u64(size)) >> 32n);
      const line = table.at(place / LINE);
      if (line === null) return null;
      const number = line.numbers[place & (LINE - 1)] as number;
      // Number 0 is no index.
      return chosen.at(number - 1)?.choice ?? null;
    },
    has(value) {
      const set = members.get(slot);
      return set !== null && set.get(value) !== null;
    },
  };
};
