/** Secrets: keys of 128 bits that a service's nodes share, in the config global; the one before stays valid. */

import type { Secret } from "zeta";
import type { u64 } from "zeta/bpf";
import { messageWords } from "../../sdk/middlebox/internal.ts";
import { calledSipHash } from "../hash/siphash.ts";

interface Keys {
  readonly low: u64;
  readonly high: u64;
  readonly previousLow: u64;
  readonly previousHigh: u64;
}

const hashUnder = (low: u64, high: u64, values: readonly (number | bigint | boolean)[]): u64 => {
  const { words, last } = messageWords(values);
  return calledSipHash(low, high, words, last);
};

export const openSecret = (keys: Keys): Secret => ({
  hash: (...values) => hashUnder(keys.low, keys.high, values),
  previous: { hash: (...values) => hashUnder(keys.previousLow, keys.previousHigh, values) },
});
