/**
 * What becomes of a frame follows from the history's seed and from what the frame is (which packet caused it, and how often it has been
 * passed on), and not from when it was asked: so a history from which something is left out treats all the rest as before.
 */

/** 0 to 2^32 - 1, of two numbers. */
export function mix(a: number, b: number): number {
  let mixed = Math.imul(a ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(b + 0x7f4a_7c15, 0xc2b2_ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a_2d39);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** 0 to 1. */
export const part = (a: number, b: number): number => mix(a, b) / 2 ** 32;

/** How a network treats frames. Probabilities, 0 to 1. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** Of a frame that is late: anything up to the longest time there is. */
  readonly late: number;
  /** Of one that is as late as can be. */
  readonly latest: number;
}

export const CALM: Weather = { loss: 0, duplication: 0, late: 0, latest: 0 };

/** The longest that a frame takes which is not late, as a part of the longest time there is. */
export const LONGEST_CALM = 0.11;

/** Delays of the copies that arrive, in milliseconds, `hop` at most; none for a frame that is lost. */
export function fateOf(trace: number, { loss, duplication, late, latest }: Weather, hop: number): readonly number[] {
  const delay = (salt: number): number => {
    const kind = part(trace, salt);
    if (kind < latest) return hop;
    return hop * (kind < latest + late ? part(trace, salt + 1) : 0.01 + (LONGEST_CALM - 0.01) * part(trace, salt + 1));
  };
  if (part(trace, 1) < loss) return [];
  return part(trace, 2) < duplication ? [delay(3), delay(5)] : [delay(3)];
}
