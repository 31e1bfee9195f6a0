/** Widening by itself, narrowing by asking: `u16(x)` truncates, extends or reinterprets. */
import { calculates, type TypeName } from "./harness.ts";
import { edges, wrap } from "./oracle.ts";

const NUMBERS = ["u8", "u16", "u32", "u64", "i32", "i64", "ipv4", "ipv6", "mac"] as const satisfies TypeName[];

for (const from of NUMBERS) {
  calculates(
    `every conversion from ${from}`,
    {
      input: { a: from },
      output: Object.fromEntries(NUMBERS.map((to) => [`to${to}`, to])),
      body: `  const { a } = input;\n${NUMBERS.map((to) => `  output.to${to} = ${to}(a);`).join("\n")}`,
    },
    edges(from).map((a) => ({
      input: { a },
      output: Object.fromEntries(NUMBERS.map((to) => [`to${to}`, wrap(to, a)])),
    })),
  );
}

calculates(
  "u8 and u16 arithmetic happens at 32 bits, so nothing is lost before the conversion",
  {
    input: { a: "u16", b: "u8" },
    output: { sum: "u32", half: "u16", narrow: "u16", byte: "u8" },
    body: `
  const { a, b } = input;
  output.sum = a + b;
  output.half = u16((a + b) / 2);
  output.narrow = u16(a + b);
  output.byte = u8(a * b);`,
  },
  [
    { input: { a: 0xffff, b: 0xff }, output: { sum: 0x100fe, half: 0x807f, narrow: 0xfe, byte: 1 } },
    { input: { a: 1, b: 2 }, output: { sum: 3, half: 1, narrow: 3, byte: 2 } },
  ],
);

calculates(
  "a narrower value goes where a wider one is wanted",
  {
    input: { a: "u8", b: "u16" },
    output: { word: "u16", long: "u32", both: "u32" },
    body: `
  const wide: u32 = input.a;
  output.word = input.a;
  output.long = input.b;
  output.both = wide + input.b;`,
  },
  [{ input: { a: 0xff, b: 0xffff }, output: { word: 0xff, long: 0xffff, both: 0x100fe } }],
);

calculates(
  "conversions chain from the inside out",
  {
    input: { a: "i32" },
    output: { wide: "i64", zeroes: "u64", low: "u8" },
    body: `
  output.wide = i64(input.a);
  output.zeroes = u64(u32(input.a));
  output.low = u8(u16(input.a));`,
  },
  [
    { input: { a: -2 }, output: { wide: -2, zeroes: 0xfffffffe, low: 0xfe } },
    { input: { a: 258 }, output: { wide: 258, zeroes: 258, low: 2 } },
  ],
);

calculates(
  "constants are converted while compiling",
  {
    input: { a: "u8" },
    output: { byte: "u8", signed: "i32", long: "u64", minus: "i64" },
    body: `
  output.byte = u8(0x1ff);
  output.signed = i32(0xffffffff);
  output.long = u64(input.a) + u64(5);
  output.minus = i64(-3);`,
  },
  [{ input: { a: 1 }, output: { byte: 0xff, signed: -1, long: 6, minus: -3 } }],
);

calculates(
  "serial order is a signed difference",
  {
    input: { a: "u32", b: "u32" },
    output: { before: "u8" },
    body: "  output.before = i32(input.a - input.b) < 0 ? 1 : 0;",
  },
  [
    { input: { a: 0xffff_fffe, b: 1 }, output: { before: 1 } },
    { input: { a: 1, b: 0xffff_fffe }, output: { before: 0 } },
    { input: { a: 7, b: 7 }, output: { before: 0 } },
  ],
);
