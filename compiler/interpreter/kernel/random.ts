/** bpf_get_prandom_u32, seeded: the same seed gives the same run. */

/** A uniform u32 per call. */
export type Random = () => number;

/** Mulberry32: 32 bits of state, full period; statistical quality is all that simulated programs ask of it. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
