/** Maglev tables: whole, even, weighted, and little disturbed when choices come and go. */
import { expect, test } from "vitest";
import { maglevTable, type WeightedChoice } from "../../runtime/config/maglev.ts";

const SIZE = 65_537;

const choice = (number: number, weight = 1): WeightedChoice => ({
  bytes: Uint8Array.of(10, 2, number >>> 8, number & 0xff, 0x1f, 0x90),
  weight,
});
const choices = (count: number): WeightedChoice[] => Array.from({ length: count }, (_, number) => choice(number));

const table = (of: readonly WeightedChoice[], size = SIZE): Int32Array => maglevTable(of, size) ?? new Int32Array(0);

function shares(of: Int32Array, count: number): number[] {
  const slots = new Array<number>(count).fill(0);
  for (const index of of) slots[index] = (slots[index] ?? 0) + 1;
  return slots.map((each) => each / of.length);
}

test.each([2, 3, 5, 11, 251])("every one of %i slots has a choice", (size) => {
  for (const index of table(choices(3), size)) expect([0, 1, 2]).toContain(index);
});

test("equal choices share evenly: within one percent of each other at a hundred slots for each", () => {
  const all = shares(table(choices(655)), 655);
  expect(Math.max(...all) / Math.min(...all)).toBeLessThan(1.02);
});

test("slots follow the weights", () => {
  const [one = 0, three = 0, none = 0] = shares(table([choice(1), choice(2, 3), choice(3, 0)]), 3);
  expect(one).toBeCloseTo(0.25, 3);
  expect(three).toBeCloseTo(0.75, 3);
  expect(none).toBe(0);
});

test("a choice that goes moves its own slots and few others", () => {
  const before = table(choices(20));
  const after = table(choices(19));
  const moved = before.filter((index, slot) => index !== 19 && index !== after[slot]).length;
  expect(moved / SIZE).toBeLessThan(0.03);
});

test("a choice that comes takes its share and little else moves", () => {
  const before = table(choices(20));
  const after = table(choices(21));
  const moved = before.filter((index, slot) => index !== after[slot]).length;
  expect(moved / SIZE).toBeLessThan(1 / 21 + 0.03);
});

test("the order in which choices are written does not matter", () => {
  const written = [choice(1), choice(2, 2), choice(3)];
  const turned = [...written].reverse();
  const [one, other] = [table(written, 251), table(turned, 251)];
  expect(Array.from(one, (index) => written[index])).toEqual(Array.from(other, (index) => turned[index]));
});

test("without a choice of any weight there is no table", () => {
  expect(maglevTable([], SIZE)).toBeNull();
  expect(maglevTable([choice(1, 0)], SIZE)).toBeNull();
});
