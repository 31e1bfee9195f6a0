/**
 * The tag of an operation: SipHash-2-4 over the operation, the outer addresses, the network and the entry, by one of two keys of the
 * cluster. Whoever does not know a key can make no operation that a node acts upon, and change none on its way.
 */
import { array, struct, subprogram, type u32 as U32, type u64 as U64, u64 } from "zeta/bpf";
import { seenAs } from "../../sdk/middlebox/internal.ts";
import { sipHash } from "../hash/siphash.ts";
import { zeta_table_operation } from "./operation.ts";
import { zeta_table_keys } from "./view.ts";

/** The operation but its tag, and the entry, as words. */
const operationWords = struct({ words: array(u64, 3) });
const entryWords = struct({ words: array(u64, 15) });
const OPERATION_WORDS = [0, 1, 2] as const;
const ENTRY_WORDS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] as const;
/** Lengths in bytes, in the highest byte, as SipHash has them: 3 words, addresses, network, and 15 words. */
const SHORT = 40n << 56n;
const LONG = 160n << 56n;

const keyFor = (key: U32): { readonly low: U64; readonly high: U64 } | null => {
  const keys = zeta_table_keys.at(0);
  if (keys === null) return null;
  return (key & 1) === 0 ? { low: keys.low[0], high: keys.high[0] } : { low: keys.low[1], high: keys.high[1] };
};

/**
 * The tag that the operation in hand must have between two addresses, in memory order. Called, not written out: it is needed by
 * whoever sends and whoever receives.
 */
export const tagOf = subprogram("zeta_table_tag", (from: U32, to: U32): U64 => {
  const hand = zeta_table_operation.at(0);
  if (hand === null) return 0n;
  const key = keyFor(hand.of.key);
  if (key === null) return 0n;
  const { words } = seenAs(hand.of, operationWords);
  const first = OPERATION_WORDS.map((i) => words[i] as U64);
  const addresses: U64 = u64(from) | (u64(to) << 32n);
  const network: U64 = u64(hand.vni);
  if (hand.withEntry === 0) return sipHash(key.low, key.high, [...first, addresses, network], SHORT);
  const { words: rest } = seenAs(hand.entry, entryWords);
  return sipHash(key.low, key.high, [...first, addresses, network, ...ENTRY_WORDS.map((i) => rest[i] as U64)], LONG);
});

/** Whether operations may have tags by the key of this number (docs/decisions/0109-keys-have-numbers-of-their-own.md). */
export const isGood = (key: U32): boolean => {
  const keys = zeta_table_keys.at(0);
  if (keys === null) return false;
  const which: U32 = key & 1;
  const number: U32 = which === 0 ? keys.numbers[0] : keys.numbers[1];
  return number === key && ((keys.good >> which) & 1) === 1;
};
