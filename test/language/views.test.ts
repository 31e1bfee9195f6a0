/** Views in variables: which memory they stand for on which path, and when they die. */
import { describe, expect, test } from "vitest";
import { calculates, problemsOf, told, withoutMark } from "./harness.ts";
import { body } from "./refusals.ts";

calculates(
  "a let may stand for one of several views, and writes go where it stands",
  {
    input: { which: "u8", list: "u16[4]" },
    output: { read: "u16" },
    module: "const pair = header({ a: u16, b: u16 });",
    body: `
  const first = frame.cursor(15).take(pair);
  const second = frame.cursor(19).take(pair);
  if (first === null || second === null) return Action.Drop;
  let view = first;
  if (input.which === 1) view = second;
  output.read = view.a;
  view.b = 9;`,
  },
  [
    { input: { which: 0, list: [1, 2, 3, 4] }, output: { read: 1 } },
    { input: { which: 1, list: [1, 2, 3, 4] }, output: { read: 3 } },
  ],
);

calculates(
  "map values in variables, by loop and by branch",
  {
    input: { key: "u32" },
    output: { best: "u32", count: "u32" },
    module: `
const entry = struct({ weight: u32, uses: u32 });
const entries = map.array({ value: entry, max: 4 });`,
    body: `
  for (let i = 0; i < 4; i++) entries.set(i, { weight: (i * 7 + input.key) % 5, uses: 0 });
  let best = entries.at(0);
  for (let i = 1; i < 4; i++) {
    const next = entries.at(i);
    if (next === null || best === null) continue;
    if (next.weight > best.weight) best = next;
  }
  if (best === null) return Action.Drop;
  best.uses++;
  output.best = best.weight;
  let count = 0;
  for (let i = 0; i < 4; i++) count += entries.at(i)?.uses ?? 100;
  output.count = count;`,
  },
  [0, 1, 2].map((key) => ({
    input: { key },
    output: { best: Math.max(...[0, 1, 2, 3].map((i) => (i * 7 + key) % 5)), count: 1 },
  })),
);

calculates(
  "two fields of one object may each be missing",
  {
    input: { a: "u32", b: "u32" },
    output: { a: "u32", b: "u32" },
    module: `
const small = (n: u32): u32 | null => (n < 10 ? n : null);
const both = (a: u32, b: u32) => {
  if (a === 99) return { a: null, b: 1 };
  return { a: small(a), b: small(b) };
};`,
    body: `
  const found = both(input.a, input.b);
  output.a = found.a ?? 50;
  output.b = 60;
  if (found.a !== null) output.b = found.b ?? 70;`,
  },
  [
    { input: { a: 1, b: 2 }, output: { a: 1, b: 2 } },
    { input: { a: 1, b: 20 }, output: { a: 1, b: 70 } },
    { input: { a: 20, b: 2 }, output: { a: 50, b: 60 } },
    { input: { a: 99, b: 2 }, output: { a: 50, b: 60 } },
  ],
);

const twice = "const h = frame.cursor().take(ethernetHeader);\n  if (h === null) return Action.Drop;\n  ";
describe("a view that may be dead or missing is refused", () => {
  test.each(
    Object.entries({
      "when the packet moved before one path's new view": `${twice}let v = h;
  frame.adjustTail(4);
  const g = frame.cursor().take(ethernetHeader);
  if (g === null) return Action.Drop;
  if (frame.length > 100) v = g;
  v.§type;`,
      "when a loop may have moved the packet": `${twice}for (let i = 0; i < 3; i++) { h.§type; frame.adjustTail(4); }`,
      "when a called function moved it": `${twice}const move = () => frame.adjustTail(4);
  move();
  h.§type;`,
      "inside what the kernel calls": `${twice}loop(4, () => { h.§type; });`,
      "when one field's test says nothing of the other": `const o = { a: table.get(1), b: table.get(2) };
  let p = o;
  if (frame.length > 60) p = { a: table.get(3), b: table.get(4) };
  if (p.a !== null) §p.b!.n;`,
      "when another name was tested": `const a = table.get(1); const b = table.get(2);
  if (a !== null) §b!.n;`,
      "when a function set it to null after the test": `let a = table.get(1);
  const clear = () => { a = null; };
  if (a === null) return Action.Drop;
  clear();
  §a!.n;`,
    }),
  )("%s", async (_, marked) => {
    const { text, place } = withoutMark(
      body(marked, "const table = map.hash({ key: u32, value: struct({ n: u32 }), max: 4 });"),
    );
    const problems = (await problemsOf(text)).map(told);
    expect(problems.map((one) => one.replace(/^\S+ /, ""))).toEqual([place]);
    expect(problems[0]).toMatch(/^ZT200[23]/);
  });
});

test("a counter that a closure moves is no counter", async () => {
  const { text, place } = withoutMark(
    body("let i = 0;\n  const back = () => { i = 0; };\n  §for (i = 0; i < 4; i++) back();"),
  );
  expect((await problemsOf(text)).map(told)).toEqual([`ZT2001 ${place}`]);
});

test("what may be read-only is not written", async () => {
  const { text, place } = withoutMark(
    body(
      "let v = local(entry);\n  if (frame.length > 60) §v = fixed.value;\n  v.n = 1;",
      "const entry = struct({ n: u32 });\nconst fixed = constant(entry, { n: 1 });",
    ),
  );
  expect((await problemsOf(text)).map(told)).toEqual([`ZT2017 ${place}`]);
});
