import { seededRandom } from "../../compiler/interpreter/index.ts";

/** Whole numbers below a bound, the same for the same seed. */
export function seeded(seed: number): (below: number) => number {
  const random = seededRandom(seed);
  return (below) => random() % below;
}
