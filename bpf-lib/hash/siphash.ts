/**
 * SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012): a keyed hash that nobody without
 * the key can predict. The message comes in words of eight bytes, least significant byte first; the last one holds what
 * is left over, and the message's length in its highest byte.
 */
import { array, map, struct, subprogram, type u32 as U32, type u64 as U64, u64 } from "zeta/bpf";
import { untilCommit } from "../../sdk/middlebox/internal.ts";

interface State {
  readonly v0: U64;
  readonly v1: U64;
  readonly v2: U64;
  readonly v3: U64;
}

const rotated = (value: U64, by: U64): U64 => (value << by) | (value >> (64n - by));

const round = (state: State): State => {
  const a: U64 = state.v0 + state.v1;
  const b: U64 = rotated(state.v1, 13n) ^ a;
  const c: U64 = state.v2 + state.v3;
  const d: U64 = rotated(state.v3, 16n) ^ c;
  const e: U64 = a;
  const e32: U64 = rotated(e, 32n);
  const f: U64 = e32 + d;
  const g: U64 = c + b;
  return {
    v0: f,
    v1: rotated(b, 17n) ^ g,
    v2: rotated(g, 32n),
    v3: rotated(d, 21n) ^ f,
  };
};

const absorbed = (state: State, word: U64): State => {
  const mixed = round(round({ ...state, v3: state.v3 ^ word }));
  return { ...mixed, v0: mixed.v0 ^ word };
};

const begun = (low: U64, high: U64): State => ({
  v0: low ^ 0x736f_6d65_7073_6575n,
  v1: high ^ 0x646f_7261_6e64_6f6dn,
  v2: low ^ 0x6c79_6765_6e65_7261n,
  v3: high ^ 0x7465_6462_7974_6573n,
});

const ended = (state: State): U64 => {
  const { v0, v1, v2, v3 } = round(round(round(round({ ...state, v2: state.v2 ^ 0xffn }))));
  return v0 ^ v1 ^ v2 ^ v3;
};

/** Written out, word by word: some 65 instructions each. */
export const sipHash = (low: U64, high: U64, words: readonly U64[], last: U64): U64 => {
  let state = begun(low, high);
  for (const word of words) state = absorbed(state, word);
  return ended(absorbed(state, last));
};

/** Words of the longest message, which has 255 bytes. */
const MOST_WORDS = 32;

/** The message in hand: more than the parameters of a subprogram could hold. */
const message = map.perCpuArray({ name: "zeta_message", value: struct({ words: array(u64, MOST_WORDS) }), max: 1 });

const ofMessage = subprogram(
  "zeta_sip_hash",
  (low: U64, high: U64, count: U32): U64 => {
    const hand = message.at(0);
    if (hand === null) return 0n;
    let state = begun(low, high);
    for (let i: U32 = 0; i < MOST_WORDS; i++) {
      if (i === count) break;
      state = absorbed(state, hand.words[i] as U64);
    }
    return ended(state);
  },
  { verified: "alone" },
);

/**
 * The same by a call: for programs that hash in many places, which would be most of them otherwise. Hooks that must be pure may: what is
 * in hand is nothing to anybody else.
 */
export const calledSipHash = (low: U64, high: U64, words: readonly U64[], last: U64): U64 => {
  const all = [...words, last];
  let hash: U64 = 0n;
  untilCommit(() => {
    const hand = message.at(0);
    if (hand === null) return;
    all.forEach((word, i) => {
      hand.words[i] = word;
    });
    hash = ofMessage(low, high, all.length);
  });
  return hash;
};
