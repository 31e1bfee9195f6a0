/** Tables by key: one hash map per config generation, behind an array of two. */

import type { Table } from "zeta";
import { type Layout, map, type u32 } from "zeta/bpf";

export const openTable = <K, V>(name: string, key: Layout<K>, of: Layout<V>, max: number, slot: u32): Table<K, V> => {
  const generations = map.arrayOfMaps({ name, of: map.hash({ name: `${name}_one`, key, value: of, max }), max: 2 });
  return {
    lookup(at) {
      const table = generations.get(slot);
      return table === null ? null : table.get(at);
    },
    has(at) {
      const table = generations.get(slot);
      return table !== null && table.get(at) !== null;
    },
  };
};
