/** Numbers of several rounds, told by their least and their middle. */

export interface Spread {
  readonly min: number;
  readonly median: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return { min: sorted[0] ?? Number.NaN, median: ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2 };
}

const toTenth = (value: number): number => Math.round(value * 10) / 10;

/** The rest after the wrapper's own cost. Least from least, middle from middle: rounds differ by the machine's speed. */
export const net = (gross: Spread, own: Spread): Spread => ({
  min: toTenth(gross.min - own.min),
  median: toTenth(gross.median - own.median),
});
