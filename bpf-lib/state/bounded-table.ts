/** Tables of one node with a bound: the least recently used entry makes room. */

import type { BoundedTable } from "zeta";
import { type Layout, map } from "zeta/bpf";

export const openBoundedTable = <K, V>(
  name: string,
  key: Layout<K>,
  of: Layout<V>,
  max: number,
): BoundedTable<K, V> => {
  const entries = map.lruHash({ name, key, value: of, max });
  return {
    get: (at) => entries.get(at),
    set: (at, value) => entries.set(at, value),
    delete: (at) => entries.delete(at),
  };
};
