/** Objects dissolve into their parts: literals, nesting, mutation, spreads, methods, getters and setters. */
import { calculates } from "./harness.ts";

calculates(
  "an object's fields are values of their own",
  {
    input: { a: "u32", b: "u32" },
    output: { x: "u32", y: "u32", z: "u32" },
    body: `
  const { a, b } = input;
  const point = { x: a, y: b, inner: { z: a + b } };
  output.x = point.x;
  output.y = point["y"];
  output.z = point.inner.z;`,
  },
  [{ input: { a: 1, b: 2 }, output: { x: 1, y: 2, z: 3 } }],
);

calculates(
  "fields are assigned, also on one path only, and through another name for the same object",
  {
    input: { a: "u32" },
    output: { x: "u32", y: "u32", z: "u32" },
    body: `
  const state = { x: 1, y: 2, deep: { z: 3 } };
  const alias = state;
  if (input.a > 10) {
    state.x = input.a;
    alias.y += 5;
  } else {
    state.deep.z++;
  }
  output.x = alias.x;
  output.y = state.y;
  output.z = alias.deep.z;`,
  },
  [
    { input: { a: 11 }, output: { x: 11, y: 7, z: 3 } },
    { input: { a: 10 }, output: { x: 1, y: 2, z: 4 } },
  ],
);

calculates(
  "a spread copies: later writes to the source do not show",
  {
    input: { a: "u32", b: "u16" },
    output: { a: "u32", b: "u16", now: "u32", copy: "u32", other: "u32" },
    body: `
  const before = { ...input };
  input.a = 99;
  output.a = before.a;
  output.b = before.b;
  output.now = input.a;
  const object = { n: 1 };
  const copy = { ...object, m: 7 };
  object.n = 2;
  output.copy = copy.n;
  output.other = copy.m + object.n;
  input.a = before.a;`,
  },
  [{ input: { a: 5, b: 6 }, output: { a: 5, b: 6, now: 99, copy: 1, other: 9 } }],
);

calculates(
  "a spread copies nested structs, bit fields and arrays too",
  {
    input: { version: "u8", list: "u16[3]" },
    output: { high: "u8", low: "u8", second: "u16" },
    module: "const split = header({ halves: bits({ high: 4, low: 4 }), list: array(u16, 3) });",
    body: `
  const view = frame.cursor(${14}).take(split);
  if (view === null) return Action.Drop;
  const copy = { ...view };
  const { high, low } = copy.halves;
  view.halves.high = 1;
  view.list[1] = 9;
  output.high = u8(high);
  output.low = u8(low);
  output.second = copy.list[1] ?? 0;`,
  },
  [{ input: { version: 0xa7, list: [1, 2, 3] }, output: { high: 10, low: 7, second: 2 } }],
);

calculates(
  "the last of several properties of one name counts, and a spread fills what follows",
  {
    input: { a: "u32" },
    output: { x: "u32", y: "u32" },
    body: `
  const defaults = { x: 1, y: 2 };
  const set = { ...defaults, x: input.a };
  output.x = set.x;
  output.y = set.y;`,
  },
  [{ input: { a: 8 }, output: { x: 8, y: 2 } }],
);

calculates(
  "methods, getters and setters",
  {
    input: { a: "u32" },
    output: { doubled: "u32", after: "u32", calls: "u32" },
    body: `
  const state = { n: input.a, calls: 0 };
  const counter = {
    get doubled() {
      state.calls++;
      return state.n * 2;
    },
    set doubled(to: u32) {
      state.n = to / 2;
    },
    add(by: u32) {
      state.n += by;
      return state.n;
    },
  };
  output.doubled = counter.doubled;
  counter.doubled = 100;
  output.after = counter.add(7);
  output.calls = state.calls;`,
  },
  [{ input: { a: 21 }, output: { doubled: 42, after: 57, calls: 1 } }],
);

calculates(
  "objects go into functions and come back",
  {
    input: { a: "u32", b: "u32" },
    output: { x: "u32", y: "u32" },
    module: `
const swap = (pair: { x: u32; y: u32 }) => ({ x: pair.y, y: pair.x });
const bump = (pair: { x: u32; y: u32 }) => {
  pair.x++;
};`,
    body: `
  const pair = { x: input.a, y: input.b };
  bump(pair);
  const other = swap(pair);
  output.x = other.x;
  output.y = other.y;`,
  },
  [{ input: { a: 1, b: 5 }, output: { x: 5, y: 2 } }],
);

calculates(
  "a name may hold one of two objects of one shape",
  {
    input: { a: "u32" },
    output: { x: "u32", y: "u32" },
    body: `
  let chosen = { x: input.a, y: 1 };
  if (input.a > 5) chosen = { x: 2, y: input.a };
  output.x = chosen.x;
  output.y = chosen.y;`,
  },
  [
    { input: { a: 5 }, output: { x: 5, y: 1 } },
    { input: { a: 6 }, output: { x: 2, y: 6 } },
  ],
);

calculates(
  "lists have a length, items, map and forEach",
  {
    input: { a: "u32" },
    output: { sum: "u32", count: "u8", third: "u32" },
    body: `
  const list = [input.a, 2, 3, ...[4, 5]];
  let sum = 0;
  list.forEach((item, index) => {
    sum += item * index;
  });
  output.sum = sum;
  output.count = list.length;
  output.third = list.map((item) => item * 10)[2] ?? 0;`,
  },
  [{ input: { a: 9 }, output: { sum: 0 + 2 + 6 + 12 + 20, count: 5, third: 30 } }],
);

calculates(
  "a list takes the place of another of its length: chosen, assigned, returned, or missing",
  {
    input: { a: "u32" },
    output: { chosen: "u32", assigned: "u32", returned: "u32", missing: "u32", whole: "u32" },
    module: `
const pairOf = (n: u32): readonly [u32, u32] => {
  if (n > 10) return [n, 1];
  return [2, n];
};
const half = (n: u32): readonly u32[] | null => (n % 2 === 0 ? [n / 2, 7] : null);`,
    body: `
  const { a } = input;
  const list = a > 10 ? [a, 2, { deep: 3 }] as const : [4, a, { deep: a }] as const;
  output.chosen = list[0] * 100 + list[1] * 10 + list[2].deep;
  let pair = [0, 1];
  for (let i = 0; i < 5; i++) pair = [pair[1] ?? 0, (pair[0] ?? 0) + (pair[1] ?? 0)];
  output.assigned = (pair[0] ?? 0) * 100 + (pair[1] ?? 0);
  const [high, low] = pairOf(a);
  output.returned = high * 100 + low;
  output.missing = half(a)?.[0] ?? 99;
  let whole = 0;
  for (const _ of list) whole++;
  output.whole = whole;`,
  },
  [
    { input: { a: 12 }, output: { chosen: 1223, assigned: 508, returned: 1201, missing: 6, whole: 3 } },
    { input: { a: 5 }, output: { chosen: 455, assigned: 508, returned: 205, missing: 99, whole: 3 } },
  ],
);

calculates(
  "a view's fields are read and written by a text that is known",
  {
    input: { a: "u32", b: "u32" },
    output: { a: "u32", b: "u32", sum: "u32" },
    body: `
  let sum = 0;
  for (const name of ["a", "b"] as const) {
    output[name] = input[name] + 1;
    sum += input[name];
  }
  output.sum = sum;`,
  },
  [{ input: { a: 1, b: 20 }, output: { a: 2, b: 21, sum: 21 } }],
);
