/**
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012): a keyed hash that nobody without
 * the key can predict. The message comes in words of eight bytes, least significant byte first; the last one holds what
 * is left over, and the message's length in its highest byte.
 */
import type { u64 } from "zeta/bpf";

interface State {
  readonly v0: u64;
  readonly v1: u64;
  readonly v2: u64;
  readonly v3: u64;
}

const rotated = (value: u64, by: u64): u64 => (value << by) | (value >> (64n - by));

const round = (state: State): State => {
  const a: u64 = state.v0 + state.v1;
  const b: u64 = rotated(state.v1, 13n) ^ a;
  const c: u64 = state.v2 + state.v3;
  const d: u64 = rotated(state.v3, 16n) ^ c;
  const e: u64 = a;
  const e32: u64 = rotated(e, 32n);
  const f: u64 = e32 + d;
  const g: u64 = c + b;
  return {
    v0: f,
    v1: rotated(b, 17n) ^ g,
    v2: rotated(g, 32n),
    v3: rotated(d, 21n) ^ f,
  };
};

const absorbed = (state: State, word: u64): State => {
  const mixed = round(round({ ...state, v3: state.v3 ^ word }));
  return { ...mixed, v0: mixed.v0 ^ word };
};

export const sipHash = (low: u64, high: u64, words: readonly u64[], last: u64): u64 => {
  let state: State = {
    v0: low ^ 0x736f_6d65_7073_6575n,
    v1: high ^ 0x646f_7261_6e64_6f6dn,
    v2: low ^ 0x6c79_6765_6e65_7261n,
    v3: high ^ 0x7465_6462_7974_6573n,
  };
  for (const word of words) state = absorbed(state, word);
  state = absorbed(state, last);
  const { v0, v1, v2, v3 } = round(round(round(round({ ...state, v2: state.v2 ^ 0xffn }))));
  return v0 ^ v1 ^ v2 ^ v3;
};
