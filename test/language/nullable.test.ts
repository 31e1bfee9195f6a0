/** Values that may be missing: tests, `?.`, `??`, `!`, and what the compiler remembers of a test. */
import { calculates } from "./harness.ts";

const module = `
const item = struct({ n: u32, next: struct({ m: u32 }) });
const items = map.hash({ key: u32, value: item, max: 16 });
const numbers = map.hash({ key: u32, value: u32, max: 16 });`;
const fill = `
  items.set(1, { n: 10, next: { m: 11 } });
  numbers.set(1, 0);
  numbers.set(2, 7);`;

calculates(
  "optional chaining gives null where there is nothing",
  {
    input: { key: "u32" },
    output: { n: "u32", m: "u32", missing: "u8" },
    module,
    body: `${fill}
  const found = items.get(input.key);
  output.n = found?.n ?? 1;
  output.m = found?.next.m ?? 2;
  output.missing = found?.n === undefined ? 1 : 0;`,
  },
  [
    { input: { key: 1 }, output: { n: 10, m: 11, missing: 0 } },
    { input: { key: 2 }, output: { n: 1, m: 2, missing: 1 } },
  ],
);

calculates(
  "every way of testing for null",
  {
    input: { key: "u32" },
    output: { r: "u8[8]" },
    module,
    body: `${fill}
  const a = items.get(input.key);
  const { r } = output;
  for (let i = 0; i < 8; i++) r[i] = 0;
  if (a !== null) r[0] = u8(a.n);
  if (a === null) r[1] = 1;
  else r[1] = u8(a.n);
  if (a) r[2] = u8(a.n);
  if (!a) r[3] = 1;
  else r[3] = u8(a.n);
  r[4] = a === null ? 1 : u8(a.n);
  if (a !== null && a.n === 10) r[5] = 1;
  if (a === null || a.n !== 10) r[6] = 1;
  if (a === null) return Action.Pass;
  r[7] = u8(a.next.m);`,
  },
  [
    { input: { key: 1 }, output: { r: [10, 10, 10, 10, 10, 1, 0, 11] } },
    { input: { key: 2 }, output: { r: [0, 1, 0, 1, 1, 0, 1, 0] } },
  ],
);

calculates(
  "a number that is zero is there, but not truthy",
  {
    input: { key: "u32" },
    output: { there: "u8", truthy: "u8", either: "u32", or: "u32" },
    module,
    body: `${fill}
  const n = numbers.get(input.key);
  output.there = n === null ? 0 : 1;
  output.truthy = n ? 1 : 0;
  output.either = n ?? 5;
  output.or = n === 7 ? 1 : 0;`,
  },
  [
    { input: { key: 1 }, output: { there: 1, truthy: 0, either: 0, or: 0 } },
    { input: { key: 2 }, output: { there: 1, truthy: 1, either: 7, or: 1 } },
    { input: { key: 3 }, output: { there: 0, truthy: 0, either: 5, or: 0 } },
  ],
);

calculates(
  "a let that starts as null",
  {
    input: { key: "u32" },
    output: { n: "u32", x: "u32" },
    module,
    body: `${fill}
  let best: Of<typeof item> | null = null;
  let number: u32 | null = null;
  for (let i = 0; i < 4; i++) {
    const found = items.get(i);
    if (found !== null && i >= input.key) {
      best = found;
      number = i;
    }
  }
  output.n = best === null ? 0 : 1;
  output.x = number ?? 77;`,
  },
  [
    { input: { key: 0 }, output: { n: 1, x: 1 } },
    { input: { key: 2 }, output: { n: 0, x: 77 } },
  ],
);

calculates(
  "?? chains, and its right side runs only when needed",
  {
    input: { a: "u32", b: "u32" },
    output: { x: "u32", calls: "u32" },
    module,
    body: `${fill}
  let calls = 0;
  const fallback = () => {
    calls++;
    return 9;
  };
  output.x = numbers.get(input.a) ?? numbers.get(input.b) ?? fallback();
  output.calls = calls;`,
  },
  [
    { input: { a: 2, b: 3 }, output: { x: 7, calls: 0 } },
    { input: { a: 3, b: 2 }, output: { x: 7, calls: 0 } },
    { input: { a: 3, b: 3 }, output: { x: 9, calls: 1 } },
  ],
);

calculates(
  "optional calls",
  {
    input: { a: "u8" },
    output: { x: "u16", y: "u16" },
    body: `
  const rest = frame.cursor(14).slice(input.a);
  output.x = rest?.take(u16) ?? 3;
  output.y = rest?.take(u16) ?? 4;`,
  },
  [
    { input: { a: 3 }, output: { x: 0x03ff, y: 4 } },
    { input: { a: 200 }, output: { x: 3, y: 4 } },
  ],
);

calculates(
  "?? assigns only what is missing",
  {
    input: { a: "u32" },
    output: { x: "u32" },
    module,
    body: `${fill}
  let x = numbers.get(input.a);
  x ??= 50;
  output.x = x;`,
  },
  [
    { input: { a: 2 }, output: { x: 7 } },
    { input: { a: 3 }, output: { x: 50 } },
  ],
);

calculates(
  "one view by several returns out of a loop, and none where it ends",
  {
    input: { a: "u32" },
    output: { x: "u32" },
    module: `
const pages = map.array({ value: struct({ list: array(struct({ n: u32 }), 4) }), max: 4 });
const find = (wanted: u32) => {
  for (let i = 0; i < 4; i++) {
    const one = pages.at(i)?.list[wanted & 3] ?? null;
    if (one === null) return { kind: 0, one: null };
    if (one.n === wanted) return { kind: 1, one };
    if (i === (wanted >> 8)) return { kind: 2, one };
  }
  return { kind: 3, one: null };
};`,
    body: `
  const second = pages.at(1);
  if (second !== null) second.list[1].n = 9;
  const { kind, one } = find(input.a);
  output.x = kind * 100 + (one === null ? 50 : one.n);`,
  },
  [
    { input: { a: 9 }, output: { x: 200 } },
    { input: { a: 0x109 }, output: { x: 209 } },
    { input: { a: 0x901 }, output: { x: 350 } },
  ],
);
