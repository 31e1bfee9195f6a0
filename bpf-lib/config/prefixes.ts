/** Prefix tables: one longest-prefix map per config generation, behind an array of two. */

import type { Prefixes } from "zeta";
import { address, type Layout, map, type u32 } from "zeta/bpf";

export const openPrefixes = <V>(name: string, of: Layout<V>, max: number, slot: u32): Prefixes<V> => {
  const generations = map.arrayOfMaps({
    name,
    of: map.lpm({ name: `${name}_one`, key: address, value: of, max }),
    max: 2,
  });
  return {
    lookup(at) {
      const table = generations.get(slot);
      return table === null ? null : table.lookup(at);
    },
    has(at) {
      const table = generations.get(slot);
      return table !== null && table.lookup(at) !== null;
    },
  };
};
