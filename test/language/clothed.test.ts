/** Parentheses, `as`, `satisfies` and `!` around a name say nothing: it is read and assigned as if it stood alone. */
import { describe, expect, test } from "vitest";
import { calculates, problemsOf, told, withoutMark } from "./harness.ts";
import { body } from "./refusals.ts";

calculates(
  "an assignment to a name in parentheses is one",
  {
    input: { a: "u32" },
    output: { rounds: "u32", x: "u32", field: "u32" },
    body: `
  let x = 1;
  x = 2;
  let rounds = 0;
  for (let i = 0; i < 4; i++) {
    if (x === 2) rounds++;
    (x) = 7;
  }
  output.rounds = rounds;
  (x as u32) += input.a;
  x!++;
  (x satisfies u32) *= 2;
  output.x = x;
  const o = { n: 1 };
  (o.n) = 3;
  (o!).n += 1;
  output.field = o.n;`,
  },
  [{ input: { a: 5 }, output: { rounds: 1, x: 26, field: 4 } }],
);

calculates(
  "only the name in parentheses is assigned",
  { input: { a: "u32" }, output: { x: "u32" }, body: "  let x = 0;\n  (x) = input.a;\n  output.x = x;" },
  [{ input: { a: 5 }, output: { x: 5 } }],
);

describe("a loop has no bound", () => {
  test.each([
    ["where its body moves the counter in parentheses", "§for (let i = 0; i < 8; i++) { (i) = 0; }"],
    ["where its condition moves the counter", "§for (let i = 0; i < 8 && (i -= 1) < 100; i++) { }"],
    ["where its condition moves the bound", "let n = 8;\n  §for (let i = 0; i < n && (n += 1) > 0; i++) { }"],
    ["where a while's condition moves the counter", "let i = 0;\n  §while (i < 8 && (i -= 1) < 100) { i++; }"],
  ])("%s", async (_, statements) => {
    const { text, place } = withoutMark(body(statements));
    expect((await problemsOf(text)).map(told)).toEqual([`ZT2001 ${place}`]);
  });
});
