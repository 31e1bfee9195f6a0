/**
 * How many slots of a Maglev table change when backends fail: the paper's own measure (NSDI 2016, section 5.3), with its
 * 1 000 backends and its two table sizes. Slots of the failed must change; what changes besides is disruption.
 */
import { expect, test } from "vitest";
import { maglevTable, type WeightedChoice } from "../../runtime/config/maglev.ts";
import { random } from "../kit/index.ts";

const BACKENDS = 1000;
const [SMALL, LARGE] = [65_537, 655_373];
const DRAWS = 5;

const all: readonly WeightedChoice[] = Array.from({ length: BACKENDS }, (_, n) => ({
  bytes: Uint8Array.of(10, 2, n >>> 8, n & 0xff, 0x1f, 0x90),
  weight: 1,
}));
const tableOf = (choices: readonly WeightedChoice[], size: number): Int32Array =>
  maglevTable(choices, size) ?? new Int32Array(0);

interface Change {
  /** Parts of all slots: those of backends that failed, and those that moved between others. */
  readonly needed: number;
  readonly disrupted: number;
}

/** `failures` random backends at once; the mean of several draws. They fail by weight 0, so that the others keep their indexes. */
function measure(size: number, failures: number): Change {
  const draw = random(failures);
  const before = tableOf(all, size);
  let [needed, disrupted] = [0, 0];
  for (let i = 0; i < DRAWS; i++) {
    const dead = new Set<number>();
    while (dead.size < failures) dead.add(draw.below(BACKENDS));
    const after = tableOf(
      all.map((choice, n) => (dead.has(n) ? { ...choice, weight: 0 } : choice)),
      size,
    );
    for (const [slot, index] of before.entries()) {
      if (dead.has(index)) needed++;
      else if (after[slot] !== index) disrupted++;
    }
  }
  return { needed: needed / DRAWS / size, disrupted: disrupted / DRAWS / size };
}

test("a failure moves few slots but its own, fewer in a larger table", () => {
  const rows = [1, 5, 20].map((failures) => ({
    failures,
    small: measure(SMALL, failures),
    large: measure(LARGE, failures),
  }));
  for (const { failures, small, large } of rows) {
    expect(small.needed).toBeCloseTo(failures / BACKENDS, 3);
    expect(large.needed).toBeCloseTo(failures / BACKENDS, 3);
    expect(large.disrupted).toBeLessThan(small.disrupted);
    expect(small.disrupted).toBeLessThan(0.03);
    expect(large.disrupted).toBeLessThan(0.01);
  }
});
