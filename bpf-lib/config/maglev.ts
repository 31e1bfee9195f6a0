/**
 * Maglev (Eisenbud et al., NSDI 2016): user space fills a table of prime size with choices; a packet's hash picks a slot.
 * The slot is the hash scaled to the table's size, which spreads as evenly as the remainder does and costs no division.
 */

import type { Maglev } from "zeta";
import { type Layout, map, struct, u8, u32, u64 } from "zeta/bpf";

export const openMaglev = <V>(name: string, of: Layout<V>, max: number, size: number, slot: u32): Maglev<V> => {
  const tables = map.arrayOfMaps({
    name,
    of: map.array({ name: `${name}_one`, value: struct({ choice: of, used: u8 }), max: size }),
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
      if (table === null) return null;
      const entry = table.at(u32((u64(hash) * u64(size)) >> 32n));
      return entry === null || entry.used === 0 ? null : entry.choice;
    },
    has(value) {
      const set = members.get(slot);
      return set !== null && set.get(value) !== null;
    },
  };
};
