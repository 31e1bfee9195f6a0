/** `const` and `let`: what they hold, and what assignments and blocks do to them. */
import { calculates } from "./harness.ts";

calculates(
  "assignment operators",
  {
    input: { a: "u32", b: "u32" },
    output: { r: "u32[10]" },
    body: `
  const { a, b } = input;
  const { r } = output;
  let x = a;
  x += b; r[0] = x;
  x = a; x -= b; r[1] = x;
  x = a; x *= b; r[2] = x;
  x = a; x /= b; r[3] = x;
  x = a; x %= b; r[4] = x;
  x = a; x &= b; r[5] = x;
  x = a; x |= b; r[6] = x;
  x = a; x ^= b; r[7] = x;
  x = a; x <<= b; r[8] = x;
  x = a; x >>= b; r[9] = x;`,
  },
  [
    {
      input: { a: 0xf000_0007, b: 3 },
      output: {
        r: [
          0xf000_000a,
          0xf000_0004,
          0xd000_0015,
          0x5000_0002,
          0xf000_0007 % 3,
          3,
          0xf000_0007,
          0xf000_0004,
          0x8000_0038,
          0x1e00_0000,
        ],
      },
    },
  ],
);

calculates(
  "increments give the old or the new value, and wrap at the variable's own width",
  {
    input: { a: "u8", b: "u16" },
    output: { old: "u8", after: "u8", next: "u16", down: "u8", word: "u16", signed: "i32" },
    body: `
  let a: u8 = input.a;
  output.old = a++;
  output.after = a;
  let b: u16 = input.b;
  output.next = ++b;
  let c: u8 = 0;
  output.down = --c;
  let d: u16 = input.b;
  d--;
  output.word = d;
  let e: i32 = 0;
  e--;
  output.signed = e;`,
  },
  [
    { input: { a: 255, b: 65535 }, output: { old: 255, after: 0, next: 0, down: 255, word: 65534, signed: -1 } },
    { input: { a: 7, b: 0 }, output: { old: 7, after: 8, next: 1, down: 255, word: 65535, signed: -1 } },
  ],
);

calculates(
  "a branch's assignment holds afterwards, only on that branch",
  {
    input: { a: "u8" },
    output: { x: "u32", y: "u32" },
    body: `
  let x = 1;
  let y = 2;
  if (input.a > 10) {
    x = 10;
    if (input.a > 20) y = 20;
  } else {
    y = 30;
  }
  output.x = x;
  output.y = y;`,
  },
  [
    { input: { a: 5 }, output: { x: 1, y: 30 } },
    { input: { a: 15 }, output: { x: 10, y: 2 } },
    { input: { a: 25 }, output: { x: 10, y: 20 } },
  ],
);

calculates(
  "an inner name hides the outer one until its block ends",
  {
    input: { a: "u32" },
    output: { inside: "u32", outside: "u32" },
    body: `
  const x = input.a;
  {
    const x = input.a + 1;
    output.inside = x;
  }
  output.outside = x;`,
  },
  [{ input: { a: 7 }, output: { inside: 8, outside: 7 } }],
);

calculates(
  "variables of every type, and those without a start",
  {
    input: { a: "u8", b: "u64", c: "i32", d: "i64", e: "ipv6", f: "mac" },
    output: { a: "u8", b: "u64", c: "i32", d: "i64", e: "ipv6", f: "mac", g: "u32", flag: "u8" },
    body: `
  let a: u8 = 0;
  let b: u64 = 0n;
  let c: i32 = 0;
  let d: i64 = 0n;
  let e: ipv6 = ipv6("::1");
  let f: mac = mac("00:00:00:00:00:01");
  let g: u32;
  let flag = false;
  g = 9;
  if (input.a > 0) {
    a = input.a;
    b = input.b;
    c = input.c;
    d = input.d;
    e = input.e;
    f = input.f;
    g = 10;
    flag = true;
  }
  output.a = a;
  output.b = b;
  output.c = c;
  output.d = d;
  output.e = e;
  output.f = f;
  output.g = g;
  output.flag = flag ? 1 : 0;`,
  },
  [
    {
      input: { a: 0, b: 1n, c: -1, d: -1n, e: 5n, f: 6n },
      output: { a: 0, b: 0n, c: 0, d: 0n, e: 1n, f: 1n, g: 9, flag: 0 },
    },
    {
      input: { a: 1, b: (1n << 64n) - 1n, c: -5, d: -6n, e: (1n << 128n) - 1n, f: 0xaabbccddeeffn },
      output: { a: 1, b: (1n << 64n) - 1n, c: -5, d: -6n, e: (1n << 128n) - 1n, f: 0xaabbccddeeffn, g: 10, flag: 1 },
    },
  ],
);

calculates(
  "const copies a scalar: later writes to the packet do not show in it",
  {
    input: { a: "u32" },
    output: { before: "u32", after: "u32" },
    body: `
  const before = input.a;
  input.a = before + 1;
  output.before = before;
  output.after = input.a;
  input.a = before;`,
  },
  [{ input: { a: 41 }, output: { before: 41, after: 42 } }],
);

calculates(
  "two variables swap",
  {
    input: { a: "u32", b: "u32" },
    output: { a: "u32", b: "u32" },
    body: `
  let a = input.a;
  let b = input.b;
  const old = a;
  a = b;
  b = old;
  output.a = a;
  output.b = b;`,
  },
  [{ input: { a: 1, b: 2 }, output: { a: 2, b: 1 } }],
);

calculates(
  "assignment is an expression, evaluated from the left",
  {
    input: { a: "u32" },
    output: { x: "u32", y: "u32", z: "u32" },
    body: `
  let x = 0;
  let y = 0;
  x = y = input.a;
  output.x = x;
  output.y = y;
  let i = 1;
  output.z = i++ * 100 + i++ * 10 + i;`,
  },
  [{ input: { a: 5 }, output: { x: 5, y: 5, z: 123 } }],
);
