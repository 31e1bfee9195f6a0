/**
 * Versions of flow entries: one word that orders them. The state stands in it, so that both change in one
 * compare-and-exchange; of two copies of one decision, the greater word is right.
 */
import { atomic, struct, type u8 as U8, type u32 as U32, type u64 as U64, u8, u64, variable } from "zeta/bpf";

const STATE_BITS = 4n;
const COUNT_BITS = 36n;
const COUNT_MASK = (1n << COUNT_BITS) - 1n;
const STATE_MASK = 15n;

/** Heads count here, over all their buckets and CPUs: 2^36 decisions, touches and closings of an epoch. */
export const zeta_table_count = variable(struct({ next: u64 }), { next: 0n });

/** What only a head gives: greater than every version of an older epoch, and than those it has given in this one. */
export const freshVersion = (epoch: U32, state: U8): U64 => {
  const count = atomic.add(zeta_table_count.value, "next", 1n);
  return (u64(epoch) << (COUNT_BITS + STATE_BITS)) | ((count & COUNT_MASK) << STATE_BITS) | u64(state);
};

export const stateIn = (version: U64): U8 => u8(version & STATE_MASK);

/** The same version, of an entry whose state has changed here alone. */
export const inState = (version: U64, state: U8): U64 => (version & ~STATE_MASK) | u64(state);
