/** Functions compiled once and called. */
import { describe, expect, test } from "vitest";
import { calculates, compile, problemsOf, textOf, told, withoutMark } from "./harness.ts";

const mixing = {
  input: { a: "u32", b: "u64" },
  output: { x: "u32", y: "u64", z: "u32" },
  module: `
const mix = subprogram("mix", (a: u32, b: u64): u64 => {
  let h = u64(a) ^ b;
  for (let i = 0; i < 3; i++) h = h * 31n + 7n;
  return h;
});
const clamp = subprogram("clamp", (n: u32): u32 => {
  if (n > 100) return 100;
  return n;
});
const seen = map.array({ value: u32, max: 1 });
const count = subprogram("count", (by: u32): void => {
  const n = seen.at(0);
  if (n === null) return;
  seen.set(0, n + by);
});`,
  body: `
  output.x = clamp(input.a) + clamp(7);
  output.y = mix(input.a, input.b);
  seen.set(0, 0);
  count(input.a);
  count(2);
  output.z = seen.at(0) ?? 0;`,
} as const;
const mixed = (a: bigint, b: bigint) => {
  let h = a ^ b;
  for (let i = 0; i < 3; i++) h = BigInt.asUintN(64, h * 31n + 7n);
  return h;
};
calculates("subprograms take and give scalars", mixing, [
  { input: { a: 5, b: 9n }, output: { x: 12, y: mixed(5n, 9n), z: 7 } },
  { input: { a: 1000, b: (1n << 64n) - 1n }, output: { x: 107, y: mixed(1000n, (1n << 64n) - 1n), z: 1002 } },
]);

test("a subprogram is compiled once, however often it is called", async () => {
  const { module } = await compile(textOf(mixing));
  expect(module.functions.map(({ name }) => name)).toEqual(["clamp", "mix", "count"]);
});

test("a subprogram that calls itself is refused where it does", async () => {
  const problems = await problemsOf(
    textOf({
      input: { a: "u32" },
      output: { x: "u32" },
      module: `
const again: (n: u32) => u32 = subprogram("again", (n: u32): u32 => again(n - 1));`,
      body: "  output.x = again(input.a);",
    }),
  );
  expect(problems.map(({ code, at }) => `${code} ${at?.line}:${at?.column}`)).toEqual(["ZT1021 5:69"]);
});

calculates(
  "a subprogram that is verified alone may loop in loops, and be called from loops",
  {
    input: { a: "u32" },
    output: { x: "u32", y: "u32" },
    module: `
const words = map.array({ value: struct({ list: array(u32, 64) }), max: 64 });
const find = subprogram("find", (wanted: u32): u32 => {
  for (let i = 0; i < 48; i++) {
    const one = words.at(i);
    if (one === null) return 5000;
    for (let j = 0; j < 64; j++) {
      const index = (j * 7) & 63;
      if (one.list[index] === wanted) return i * 64 + index;
    }
  }
  return 6000;
}, { verified: "alone" });`,
    body: `
  const last = words.at(40);
  if (last !== null) last.list[9] = input.a;
  output.x = find(input.a);
  output.y = 0;
  for (let i = 1; i < 20; i++) output.y += find(input.a + i);`,
  },
  [{ input: { a: 77 }, output: { x: 2569, y: 6000 * 19 } }],
);

test("functions that make subprograms make another at every call", async () => {
  const { module } = await compile(
    textOf({
      input: { a: "u32" },
      output: { x: "u32" },
      module: `
const adder = (name: string, by: u32) => subprogram(name, (n: u32): u32 => n + by);
const one = adder("add1", 1);
const two = adder("add2", 2);`,
      body: "  output.x = one(input.a) + two(input.a);",
    }),
  );
  expect(module.functions.map(({ name }) => name)).toEqual(["add1", "add2"]);
});

test("a subprogram that is verified alone gives a number", async () => {
  const problems = await problemsOf(
    textOf({
      input: { a: "u32" },
      output: { x: "u32" },
      module: `
const nothing = subprogram("nothing", (n: u32): void => {}, { verified: "alone" });`,
      body: "  nothing(input.a);\n  output.x = 1;",
    }),
  );
  expect(problems.map(({ code }) => code)).toEqual(["ZT2026"]);
});

describe("of the function that makes it, a subprogram sees", () => {
  const using = (before: string, made: string) =>
    `export default program("example", (frame) => {
  ${before}
  const f = subprogram("f", (n: u32): u32 => ${made});
  return f(1) > 50 ? Action.Drop : Action.Pass;
});`;

  test.each([
    ["no name that is assigned", "let k = 0;\n  k = 5;", "n + §k"],
    ["no name that it would assign", "let k = 0;", "(§k += n)"],
    ["nothing of the packet", "const k = frame.length;", "n + §k"],
    ["no view", "const k = frame.cursor().take(ethernetHeader);\n  if (k === null) return Action.Drop;", "n + §k.type"],
    ["no object that holds such", "const k = { m: { length: frame.length } };", "n + §k.m.length"],
    ["no cursor", "const k = frame.cursor();", "§k.take(u8) ?? n"],
    ["none by way of a function", "const k = frame.length;\n  const g = (m: u32) => m + §k;", "g(n)"],
  ])("%s", async (_, before, made) => {
    const { text, place } = withoutMark(using(before, made));
    expect((await problemsOf(text)).map(told)).toEqual([`ZT2028 ${place}`]);
  });
});

calculates(
  "what is known while compiling, and the packet itself",
  {
    input: { a: "u32" },
    output: { x: "u32" },
    body: `
  const k = 5;
  const o = { m: [k, 7] as const };
  const g = (n: u32) => n + k;
  const f = subprogram("f", (n: u32): u32 => g(n) * 1000 + o.m[1] * 100 + frame.length);
  output.x = f(input.a);`,
  },
  [{ input: { a: 2 }, output: { x: 7000 + 700 + 22 } }],
);
