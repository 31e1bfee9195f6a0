/** `&&` and `||` as JavaScript has them: as values they are one of their sides; and comparisons of what may be missing. */
import { describe, expect, test } from "vitest";
import { calculates, problemsOf } from "./harness.ts";
import { body } from "./refusals.ts";

calculates(
  "a number, or another where it is zero",
  {
    input: { a: "u32", b: "u32" },
    output: { or: "u32", and: "u32", converted: "u32", chained: "u32", kept: "u32" },
    body: `
  output.or = input.a || 7;
  output.and = input.a && input.b;
  output.converted = u32(input.a || input.b);
  output.chained = input.a || input.b || 9;
  let kept = 0;
  kept ||= input.a && 3;
  output.kept = kept;`,
  },
  [
    { input: { a: 5, b: 6 }, output: { or: 5, and: 6, converted: 5, chained: 5, kept: 3 } },
    { input: { a: 0, b: 6 }, output: { or: 7, and: 0, converted: 6, chained: 6, kept: 0 } },
    { input: { a: 0, b: 0 }, output: { or: 7, and: 0, converted: 0, chained: 9, kept: 0 } },
  ],
);

calculates(
  "a view, or another where there is none",
  {
    input: { first: "u32", second: "u32" },
    output: { n: "u32", both: "u8", shown: "u32" },
    module: `
const items = map.hash({ key: u32, value: struct({ n: u32 }), max: 16 });`,
    body: `
  items.set(1, { n: 10 });
  items.set(2, { n: 20 });
  const either = items.get(input.first) || items.get(input.second);
  output.n = either ? either.n : 0;
  const first = items.get(input.first);
  const isTen = first && first.n === 10;
  output.both = isTen ? 1 : 0;
  output.shown = isTen ? first.n : 3;`,
  },
  [
    { input: { first: 1, second: 2 }, output: { n: 10, both: 1, shown: 10 } },
    { input: { first: 3, second: 2 }, output: { n: 20, both: 0, shown: 3 } },
    { input: { first: 2, second: 2 }, output: { n: 20, both: 0, shown: 3 } },
    { input: { first: 3, second: 3 }, output: { n: 0, both: 0, shown: 3 } },
  ],
);

calculates(
  "two that are both missing are equal",
  {
    input: { first: "u32", second: "u32" },
    output: { same: "u8", other: "u8" },
    module: "const numbers = map.hash({ key: u32, value: u32, max: 16 });",
    body: `
  numbers.set(1, 10);
  numbers.set(2, 10);
  numbers.set(3, 0);
  output.same = numbers.get(input.first) === numbers.get(input.second) ? 1 : 0;
  output.other = numbers.get(input.first) !== numbers.get(input.second) ? 1 : 0;`,
  },
  [
    { input: { first: 1, second: 2 }, output: { same: 1, other: 0 } },
    { input: { first: 1, second: 3 }, output: { same: 0, other: 1 } },
    { input: { first: 3, second: 8 }, output: { same: 0, other: 1 } },
    { input: { first: 8, second: 3 }, output: { same: 0, other: 1 } },
    { input: { first: 8, second: 9 }, output: { same: 1, other: 0 } },
  ],
);

calculates(
  "strings known while compiling compare and count as in JavaScript",
  {
    input: { a: "u8" },
    output: { r: "u8[4]" },
    module: 'const NAMES = { empty: "", a: "a", b: "b" };',
    body: `
  output.r[0] = NAMES.a < NAMES.b ? 1 : 0;
  output.r[1] = NAMES.b <= NAMES.a ? 1 : 0;
  output.r[2] = NAMES.empty ? 1 : 0;
  output.r[3] = NAMES.a ? input.a : 0;`,
  },
  [{ input: { a: 9 }, output: { r: [1, 0, 0, 9] } }],
);

describe("a condition and a number together", () => {
  test("are of two kinds as a value", async () => {
    const problems = await problemsOf(
      body("const n = frame.length > 5 && frame.length;\n  if (n) return Action.Drop;"),
    );
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ["ZT2017", "This is a u32 on one path and a bool on another."],
    ]);
  });

  test("are none as a condition, or as a statement", async () => {
    const condition = "if (frame.length > 5 && frame.length) return Action.Drop;";
    expect(await problemsOf(body(`${condition}\n  frame.length > 5 && frame.adjustHead(0);`))).toEqual([]);
  });
});
