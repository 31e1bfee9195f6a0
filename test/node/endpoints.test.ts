/** Slots of endpoints: given, shared, given back. */
import { expect, test } from "vitest";
import { EndpointSlots } from "../../runtime/node/endpoints.ts";
import { FIRST_ENDPOINT } from "../../runtime/node/shapes.ts";

test("an endpoint of two services goes with the last of them", () => {
  const slots = new EndpointSlots(FIRST_ENDPOINT + 2);
  const slot = slots.take("a", 1);
  expect(slots.take("a", 2)).toBe(slot);
  // Held twice by the same, as when a version takes over.
  expect(slots.take("a", 2)).toBe(slot);
  expect([slots.release("a", 1), slots.release("a", 1), slots.release("a", 2)]).toEqual([null, null, slot]);
});

test("there is room for as many as there are slots, again after some are given back", () => {
  const slots = new EndpointSlots(FIRST_ENDPOINT + 2);
  const [first, second] = [slots.take("a", 1), slots.take("b", 1)];
  expect(new Set([first, second]).size).toBe(2);
  expect([slots.take("c", 1), slots.fits(["a", "b"]), slots.fits(["c"])]).toEqual([null, true, false]);
  expect(slots.release("a", 1)).toBe(first);
  expect([slots.fits(["c"]), slots.take("c", 1)]).toEqual([true, first]);
});

test("room that a holder gives back counts, where it is the only one", () => {
  const slots = new EndpointSlots(FIRST_ENDPOINT + 2);
  for (const [key, holder] of [
    ["a", 1],
    ["b", 1],
    ["b", 2],
  ] as const)
    slots.take(key, holder);
  expect([slots.fits(["c"], ["a"], 1), slots.fits(["c"], ["b"], 1), slots.fits(["c"], ["a"], 2)]).toEqual([
    true,
    false,
    false,
  ]);
  expect([slots.fits(["c", "d"], ["a"], 1), slots.fits(["c"])]).toEqual([false, false]);
});
