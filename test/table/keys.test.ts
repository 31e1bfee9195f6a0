/** A change of the cluster's key: in which order nodes hear of it, and what becomes of one that was interrupted. */
import { expect, test } from "vitest";
import { freshKey, isUnfinished, type KeyRing, ringOf, rotateKeys } from "../../runtime/cluster/keys.ts";

const [OLD, NEW, NEWER] = ["a", "b", "c"].map((digit) => digit.repeat(32)) as [string, string, string];
/** Whether a node that has one of these takes what another that has the other makes. */
const takes = (by: KeyRing, made: KeyRing): boolean => by.keys[made.own] === made.keys[made.own];

/** Changes the key of some nodes, which fail to be told the so-and-so-many-th time; gives all rings that any node had beside each other. */
async function rotated(now: KeyRing, key: string, failing = Number.POSITIVE_INFINITY) {
  const beside: (readonly [KeyRing, KeyRing])[] = [];
  let [last, noted] = [now, now];
  let tells = 0;
  const done = rotateKeys(now, {
    key,
    underWay: 0,
    note(ring) {
      noted = ring;
    },
    async tell(ring) {
      // Some have it, others not yet.
      beside.push([last, ring]);
      tells += 1;
      if (tells === failing) throw new Error("A node does not answer.");
      last = ring;
    },
  });
  return { end: await done.catch(() => null), beside, noted };
}

test("whoever has heard and whoever has not take each other's operations, and the new key alone is left", async () => {
  for (const now of [ringOf(OLD), { keys: [null, OLD], own: 1 } as const satisfies KeyRing]) {
    const { end, beside, noted } = await rotated(now as KeyRing, NEW);
    for (const [one, other] of beside) expect([takes(one, other), takes(other, one)]).toEqual([true, true]);
    expect(end?.keys.filter((key) => key !== null)).toEqual([NEW]);
    expect(end?.keys[end.own]).toBe(NEW);
    expect(noted).toEqual(end);
  }
});

test.each([1, 2, 3])(
  "one that fails at step %i is ended by the next, which takes nobody's key away too early",
  async (at) => {
    const first = await rotated(ringOf(OLD), NEW, at);
    expect(first.end).toBeNull();
    expect(isUnfinished(first.noted)).toBe(at < 3);
    // Nodes had the step before it, or it.
    const had = first.beside.at(-1) as readonly [KeyRing, KeyRing];
    const { end, beside } = await rotated(first.noted, NEWER);
    const [, resumed] = beside[0] as readonly [KeyRing, KeyRing];
    for (const one of had) expect([takes(one, resumed), takes(resumed, one)]).toEqual([true, true]);
    for (const [one, other] of beside) expect([takes(one, other), takes(other, one)]).toEqual([true, true]);
    expect(end?.keys.filter((key) => key !== null)).toEqual([NEWER]);
  },
);

test("fresh keys are 16 bytes, and differ", () => {
  const keys = [freshKey(), freshKey()];
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(keys[0]).not.toBe(keys[1]);
});
