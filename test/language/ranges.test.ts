/** What tests have shown of a value spares a conversion, and bounds an index. */
import { expect, test } from "vitest";
import { type Calculation, calculates, problemsOf, textOf } from "./harness.ts";

const narrowed: Calculation = {
  input: { a: "u32", b: "u16" },
  output: { small: "u8", masked: "u8", ratio: "u8", rest: "u8", shifted: "u8", early: "u16" },
  body: `
  const a: number = input.a;
  const b: number = input.b;
  output.small = 0;
  if (a < 256) output.small = a;
  output.masked = a & 0xff;
  output.ratio = b / 257;
  output.rest = a % 10;
  output.shifted = b >> 8;
  output.early = 0;
  if (a > 0xffff) return Action.Pass;
  output.early = a;`,
};
calculates("a value that provably fits needs no conversion", narrowed, [
  {
    input: { a: 0x1234, b: 0xfffe },
    output: { small: 0, masked: 0x34, ratio: 254, rest: 0x1234 % 10, shifted: 0xff, early: 0x1234 },
  },
  { input: { a: 255, b: 0 }, output: { small: 255, masked: 255, ratio: 0, rest: 5, shifted: 0, early: 255 } },
  { input: { a: 256, b: 1 }, output: { small: 0, masked: 0, ratio: 0, rest: 6, shifted: 0, early: 256 } },
  {
    input: { a: 0xffff_ffff, b: 1 },
    output: { small: 0, masked: 255, ratio: 0, rest: 0xffff_ffff % 10, shifted: 0, early: 0 },
  },
]);

calculates(
  "both sides of a comparison learn",
  {
    input: { a: "u32", b: "u8" },
    output: { least: "u8", same: "u8", between: "u8", min: "u8", max: "u32" },
    body: `
  const a: number = input.a;
  const b: number = input.b;
  output.least = 0;
  output.same = 0;
  output.between = 0;
  if (a < b) output.least = a;
  if (a === b) output.same = a;
  if (a >= 10 && a <= 20) output.between = a;
  output.min = Math.min(a, b);
  output.max = Math.max(a, b);`,
  },
  [
    { input: { a: 5, b: 9 }, output: { least: 5, same: 0, between: 0, min: 5, max: 9 } },
    { input: { a: 15, b: 15 }, output: { least: 0, same: 15, between: 15, min: 15, max: 15 } },
    { input: { a: 1000, b: 15 }, output: { least: 0, same: 0, between: 0, min: 15, max: 1000 } },
  ],
);

calculates(
  "a switch case knows its value",
  {
    input: { a: "u32" },
    output: { b: "u8" },
    body: `
  const a: number = input.a;
  switch (a) {
    case 3:
      output.b = a;
      break;
    default:
      output.b = 99;
  }`,
  },
  [
    { input: { a: 3 }, output: { b: 3 } },
    { input: { a: 4 }, output: { b: 99 } },
  ],
);

/** What is no longer known: each is refused, for the value may have changed since the test. */
const forgotten: Readonly<Record<string, string>> = {
  "after the branch that tested": "let n: number = input.a; if (n < 256) { n = 1; } output.b = n;",
  "after an assignment": "let n: number = input.a; if (n < 256) { n = n * 300; output.b = n; }",
  "by a disjunction": "if (input.a < 256 || input.c === 1) output.b = input.a & 0xffff;",
  "by the other branch": "if (input.a < 256) output.b = 0; else output.b = input.a & 0xffff;",
  "in the next iteration of a loop": "let n = input.a & 1; for (let i = 0; i < 4; i++) { output.b = n; n = n + 255; }",
  "after a function that assigns it": "let n: number = 1; const grow = () => { n = input.a; }; grow(); output.b = n;",
  "for a packet field that was written since": "if (input.a < 256) { input.a = input.a * 1000; output.b = input.a; }",
};
for (const [how, body] of Object.entries(forgotten)) {
  test(`a bound is not kept ${how}`, async () => {
    const problems = await problemsOf(
      textOf({ input: { a: "u32", c: "u32" }, output: { b: "u8" }, body: `  ${body}` }),
    );
    expect(problems.map(({ code }) => code)).toEqual(["ZT2004"]);
  });
}
