/** `for`, `while`, `do`, `for…of`, `loop`, with break, continue and labels. */
import { describe, expect, test } from "vitest";
import { calculates, problemsOf } from "./harness.ts";
import { body } from "./refusals.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

calculates(
  "for counts up, down, by steps, and to a bound that is only bounded",
  {
    input: { a: "u8" },
    output: { up: "u32", down: "u32", by: "u32", dynamic: "u32", none: "u32", inclusive: "u32" },
    body: `
  let up = 0;
  for (let i = 0; i < 10; i++) up += i;
  let down = 0;
  for (let i = 10; i > 0; i--) down = down * 2 + i;
  let by = 0;
  for (let i = 3; i < 20; i += 4) by += i;
  let dynamic = 0;
  for (let i = 0; i < input.a; i++) dynamic += i;
  let none = 0;
  for (let i = 5; i < 5; i++) none++;
  let inclusive = 0;
  for (let i = 1; i <= 4; i++) inclusive += i;
  output.up = up;
  output.down = down;
  output.by = by;
  output.dynamic = dynamic;
  output.none = none;
  output.inclusive = inclusive;`,
  },
  [0, 1, 7, 255].map((a) => ({
    input: { a },
    output: {
      up: 45,
      down: range(10).reduce((sum, i) => sum * 2 + (10 - i), 0),
      by: 3 + 7 + 11 + 15 + 19,
      dynamic: (a * (a - 1)) / 2,
      none: 0,
      inclusive: 10,
    },
  })),
);

calculates(
  "break and continue",
  {
    input: { a: "u32" },
    output: { before: "u32", odd: "u32", last: "u32" },
    body: `
  let before = 0;
  for (let i = 0; i < 20; i++) {
    if (i === input.a) break;
    before++;
  }
  let odd = 0;
  for (let i = 0; i < 10; i++) {
    if (i % 2 === 0) continue;
    odd += i;
  }
  let last = 99;
  for (let i = 0; i < 10; i++) {
    if (i < input.a) continue;
    last = i;
    break;
  }
  output.before = before;
  output.odd = odd;
  output.last = last;`,
  },
  [
    { input: { a: 3 }, output: { before: 3, odd: 25, last: 3 } },
    { input: { a: 50 }, output: { before: 20, odd: 25, last: 99 } },
    { input: { a: 0 }, output: { before: 0, odd: 25, last: 0 } },
  ],
);

calculates(
  "labels reach the outer loop",
  {
    input: { a: "u32" },
    output: { pairs: "u32", rows: "u32" },
    body: `
  let pairs = 0;
  let rows = 0;
  outer: for (let i = 0; i < 6; i++) {
    for (let j = 0; j < 6; j++) {
      if (j > i) continue outer;
      if (i * j === input.a) break outer;
      pairs++;
    }
    rows++;
  }
  output.pairs = pairs;
  output.rows = rows;`,
  },
  [6, 0, 100].map((a) => {
    let pairs = 0;
    let rows = 0;
    outer: for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 6; j++) {
        if (j > i) continue outer;
        if (i * j === a) break outer;
        pairs++;
      }
      rows++;
    }
    return { input: { a }, output: { pairs, rows } };
  }),
);

calculates(
  "while and do, bounded by a counter that every round moves",
  {
    input: { a: "u32" },
    output: { bits: "u32", rounds: "u32", once: "u32", hash: "u32" },
    body: `
  let n = input.a;
  let bits = 0;
  let i = 0;
  while (i < 32 && n !== 0) {
    bits += n & 1;
    n >>= 1;
    i++;
  }
  let rounds = 0;
  do {
    rounds++;
  } while (rounds < 5);
  let once = 10;
  do {
    once++;
  } while (once < 5);
  let left = 8;
  let hash = input.a;
  while (left > 0) {
    left -= 2;
    if (hash % 2 === 1) hash = hash * 3 + 1;
    else hash = hash / 2;
  }
  output.bits = bits;
  output.rounds = rounds;
  output.once = once;
  output.hash = hash;`,
  },
  [0, 1, 0xffff_ffff, 0xa5, 27].map((a) => {
    let hash = a;
    for (let left = 8; left > 0; left -= 2) hash = hash % 2 === 1 ? (hash * 3 + 1) % 2 ** 32 : Math.floor(hash / 2);
    return {
      input: { a },
      output: { bits: [...a.toString(2)].filter((bit) => bit === "1").length, rounds: 5, once: 11, hash },
    };
  }),
);

calculates(
  "for…of over an array in the packet, in order, with break and continue",
  {
    input: { list: "u16[6]", stop: "u16" },
    output: { sum: "u32", hash: "u32", doubled: "u16[6]" },
    body: `
  let sum = 0;
  let hash: u32 = 7;
  for (const item of input.list) {
    if (item === input.stop) break;
    if (item === 0) continue;
    sum += item;
    hash = hash * 31 + item;
  }
  output.sum = sum;
  output.hash = hash;
  for (let i = 0; i < input.list.length; i++) output.doubled[i] = u16((input.list[i] ?? 0) * 2);`,
  },
  [
    { list: [1, 2, 3, 4, 5, 6], stop: 4 },
    { list: [1, 0, 3, 0, 5, 65535], stop: 99 },
  ].map(({ list, stop }) => {
    let sum = 0;
    let hash = 7;
    for (const item of list) {
      if (item === stop) break;
      if (item === 0) continue;
      sum += item;
      hash = (hash * 31 + item) % 2 ** 32;
    }
    return { input: { list, stop }, output: { sum, hash, doubled: list.map((item) => (item * 2) % 65536) } };
  }),
);

calculates(
  "for…of over a list known while compiling",
  {
    input: { a: "u32" },
    output: { found: "u32", weighed: "u32" },
    module: "const ports = [22, 80, 443, 8080] as const;",
    body: `
  let found = 0;
  let weighed = 0;
  for (const port of ports) {
    weighed += port;
    if (port === 80) continue;
    if (port === input.a) {
      found = 1;
      break;
    }
  }
  output.found = found;
  output.weighed = weighed;`,
  },
  [
    { input: { a: 443 }, output: { found: 1, weighed: 22 + 80 + 443 } },
    { input: { a: 80 }, output: { found: 0, weighed: 22 + 80 + 443 + 8080 } },
  ],
);

calculates(
  "loop runs in the kernel: its body assigns captured variables, and false stops it",
  {
    input: { a: "u32" },
    output: { sum: "u32", runs: "u32", all: "u32" },
    body: `
  const stop = input.a;
  let sum = 0;
  const runs = loop(100, (i) => {
    if (i === stop) return false;
    sum += i;
    return true;
  });
  let all = 0;
  loop(stop, () => {
    all++;
  });
  output.sum = sum;
  output.runs = runs;
  output.all = all;`,
  },
  [
    { input: { a: 10 }, output: { sum: 45, runs: 11, all: 10 } },
    { input: { a: 1000 }, output: { sum: 4950, runs: 100, all: 1000 } },
    { input: { a: 0 }, output: { sum: 0, runs: 1, all: 0 } },
  ],
);

calculates(
  "the kernel's own loop: what a turn has to itself begins anew, what is around it goes on",
  {
    input: { a: "u32" },
    output: { own: "u32", kept: "u32", inner: "u32" },
    body: `
  const { a } = input;
  let kept = 7;
  let own = 0;
  let inner = 0;
  loop(6, (i) => {
    let odd = 0;
    if ((i & 1) === 1) odd = i;
    own += odd * 10;
    if (i === a) kept += odd + 100;
    loop(3, (j) => {
      let low = 0;
      for (let k = 0; k < 4; k++) if (k < j) low += k + odd;
      inner += low;
      return low < 8;
    });
    return kept < 110;
  });
  output.own = own;
  output.kept = kept;
  output.inner = inner;`,
  },
  [
    { input: { a: 9 }, output: { own: 90, kept: 7, inner: 33 } },
    { input: { a: 3 }, output: { own: 40, kept: 110, inner: 16 } },
    { input: { a: 2 }, output: { own: 90, kept: 107, inner: 33 } },
  ],
);

calculates(
  "a loop over the packet's bytes by a cursor",
  {
    input: { bytes: "u8[16]" },
    output: { sum: "u32", seen: "u8" },
    body: `
  const cursor = frame.cursor(14).slice(16);
  if (cursor === null) return Action.Drop;
  let sum = 0;
  let seen: u8 = 0;
  for (let i = 0; i < 16; i++) {
    const byte = cursor.take(u8);
    if (byte === null || byte === 0) break;
    sum += byte;
    seen++;
  }
  output.sum = sum;
  output.seen = seen;`,
  },
  [
    { input: { bytes: range(16).map((i) => i + 1) }, output: { sum: 136, seen: 16 } },
    { input: { bytes: [9, 9, 0, ...range(13)] }, output: { sum: 18, seen: 2 } },
  ],
);

describe("a counter that would wrap before it reaches its bound has none", () => {
  test.each([
    ["down past zero", "for (let i = 10; i >= 0; i--) { }", "for (let i = 10; i > 0; i--) { }"],
    ["down by steps that miss zero", "for (let i = 9; i > 0; i -= 2) { }", "for (let i = 10; i > 0; i -= 2) { }"],
    [
      "up past the end of a byte",
      "for (let i: u8 = 250; i <= 255; i++) { }",
      "for (let i: u8 = 250; i < 255; i++) { }",
    ],
    [
      "up past the end of a word",
      "for (let i = 0xffff_fff0; i <= 0xffff_ffff; i++) { }",
      "for (let i = 0xffff_fff0; i < 0xffff_ffff; i++) { }",
    ],
  ])("%s", async (_, refused, accepted) => {
    expect((await problemsOf(body(refused))).map(({ code }) => code)).toEqual(["ZT2001"]);
    expect(await problemsOf(body(accepted))).toEqual([]);
  });

  test("but a signed one passes zero", async () => {
    expect(await problemsOf(body("for (let i: i32 = 3; i >= 0; i--) { }"))).toEqual([]);
  });
});

describe("a bound that the loop itself changes is none", () => {
  test.each([
    [
      "an assigned name",
      "let n = 5;\n  for (let i = 0; i < n; i++) n = 100;",
      "let n = 5;\n  for (let i = 0; i < n; i++) { }\n  n = 6;",
    ],
    [
      "a name that a closure assigns",
      "let n = 5;\n  const grow = () => { n++; };\n  for (let i = 0; i < n; i++) grow();",
      "const n = 5;\n  for (let i = 0; i < n; i++) { }",
    ],
    [
      "a field of an object",
      "const o = { n: 5 };\n  for (let i = 0; i < o.n; i++) o.n++;",
      "const o = { n: 5 };\n  for (let i = 0; i < o.n; i++) { }",
    ],
    [
      "a field of the packet, tested before",
      "const h = frame.cursor().take(ethernetHeader);\n  if (h === null) return Action.Drop;\n  if (h.type > 9) return Action.Drop;\n  for (let i = 0; i < h.type; i++) h.type = 9999;",
      "const h = frame.cursor().take(ethernetHeader);\n  if (h === null) return Action.Drop;\n  if (h.type > 9) return Action.Drop;\n  const { type } = h;\n  for (let i = 0; i < type; i++) h.type = 9999;",
    ],
  ])("%s", async (_, refused, accepted) => {
    expect((await problemsOf(body(refused))).map(({ code }) => code)).toEqual(["ZT2001"]);
    expect(await problemsOf(body(accepted))).toEqual([]);
  });
});
