/**
 * Bindings: what a decision binds waits in a record of this CPU, and is written once the flow's entries stand. A decision
 * that is made again fills the record again; one that is not committed leaves nothing.
 */

import type { Binding } from "zeta";
import { type Layout, map, struct, u8, type u32 } from "zeta/bpf";
import { asDecision, inside, untilCommit } from "../../sdk/middlebox/internal.ts";

/** A binding as the commit sees it. */
export interface OpenBinding<K, V> extends Binding<K, V> {
  /** Its bit in `Outcome.binds`. */
  readonly bit: u32;
  /** Writes what waits. */
  readonly commit: () => void;
}

export const openBinding = <K, V>(
  name: string,
  key: Layout<K>,
  of: Layout<V>,
  max: number,
  index: number,
): OpenBinding<K, V> => {
  const entries = map.lruHash({ name, key, value: of, max });
  const waiting = map.perCpuArray({ name: `${name}_waiting`, value: struct({ key, value: of, waits: u8 }), max: 1 });
  return {
    bit: 1 << index,
    get: (at) => entries.get(at),
    bind(decision, at, value) {
      const decided = inside(decision);
      untilCommit(() => {
        const record = waiting.at(0);
        if (record === null) return;
        record.key = at;
        record.value = value;
        record.waits = 1;
      });
      return asDecision({ ...decided, binds: decided.binds | (1 << index) });
    },
    commit() {
      const record = waiting.at(0);
      // Nothing waits in a version of the service that has come since the flow was decided.
      if (record === null || record.waits === 0) return;
      record.waits = 0;
      entries.set(record.key, record.value);
    },
  };
};

/** Writes the bindings that a decision names, of all its middleboxes. */
export const commitBindings = (
  boxes: readonly { readonly own: { readonly bindings: readonly OpenBinding<unknown, unknown>[] } }[],
  binds: u32,
): void => {
  for (const box of boxes) for (const binding of box.own.bindings) if ((binds & binding.bit) !== 0) binding.commit();
};
