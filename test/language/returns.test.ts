/** Early returns, and results that merge: scalars, nullables, views, objects. */
import { calculates } from "./harness.ts";

calculates(
  "a function leaves from anywhere",
  {
    input: { a: "u32" },
    output: { x: "u32" },
    module: `
const classify = (n: u32): u32 => {
  if (n === 0) return 100;
  for (let i = 0; i < 8; i++) {
    if (n === i) return 200 + i;
    if (n > 50) {
      switch (n) {
        case 60:
          return 300;
        case 70:
          break;
        default:
          return 400;
      }
    }
  }
  return 500;
};`,
    body: "  output.x = classify(input.a);",
  },
  [
    { input: { a: 0 }, output: { x: 100 } },
    { input: { a: 5 }, output: { x: 205 } },
    { input: { a: 9 }, output: { x: 500 } },
    { input: { a: 60 }, output: { x: 300 } },
    { input: { a: 61 }, output: { x: 400 } },
    { input: { a: 70 }, output: { x: 500 } },
  ],
);

calculates(
  "a result may be null on some paths",
  {
    input: { a: "u32" },
    output: { x: "u32", known: "u8" },
    module: "const half = (n: u32): u32 | null => (n % 2 === 0 ? n / 2 : null);",
    body: `
  const found = half(input.a);
  output.known = found === null ? 0 : 1;
  output.x = found ?? 99;`,
  },
  [
    { input: { a: 8 }, output: { x: 4, known: 1 } },
    { input: { a: 7 }, output: { x: 99, known: 0 } },
    { input: { a: 0 }, output: { x: 0, known: 1 } },
  ],
);

calculates(
  "a result may be one of two views of one layout, or none",
  {
    input: { which: "u8", pair: "u16[4]" },
    output: { x: "u16" },
    module: `
const two = header({ first: u16, second: u16 });
const pick = (frame: Frame, which: u8) => {
  if (which === 1) return frame.cursor(15).take(two);
  if (which === 2) return frame.cursor(19).take(two);
  return null;
};`,
    body: `
  const view = pick(frame, input.which);
  if (view === null) {
    output.x = 0;
    return Action.Pass;
  }
  output.x = view.second;
  view.first = 7;`,
  },
  [
    { input: { which: 1, pair: [1, 2, 3, 4] }, output: { x: 2 } },
    { input: { which: 2, pair: [1, 2, 3, 4] }, output: { x: 4 } },
    { input: { which: 3, pair: [1, 2, 3, 4] }, output: { x: 0 } },
  ],
);

calculates(
  "a result may be an object whose fields differ by path",
  {
    input: { a: "u32" },
    output: { kind: "u8", value: "u32" },
    module: `
const parse = (n: u32) => {
  if (n < 10) return { kind: 1, value: n * 2 };
  if (n < 20) return { kind: 2, value: n };
  return null;
};`,
    body: `
  const parsed = parse(input.a);
  output.kind = u8(parsed?.kind ?? 0);
  output.value = parsed?.value ?? 1000;`,
  },
  [
    { input: { a: 5 }, output: { kind: 1, value: 10 } },
    { input: { a: 15 }, output: { kind: 2, value: 15 } },
    { input: { a: 25 }, output: { kind: 0, value: 1000 } },
  ],
);

calculates(
  "a returned function, where all paths return the same",
  {
    input: { a: "u32" },
    output: { x: "u32" },
    module: `
const plusOne = (n: u32) => n + 1;
const chosen = () => plusOne;`,
    body: "  output.x = chosen()(input.a);",
  },
  [{ input: { a: 4 }, output: { x: 5 } }],
);

calculates(
  "a declared result type is held",
  {
    input: { a: "u32" },
    output: { byte: "u8", long: "u64" },
    module: `
const low = (n: u32): u8 => u8(n);
const wide = (n: u32): u64 => u64(n) << 32n;`,
    body: `
  output.byte = low(input.a);
  output.long = wide(input.a);`,
  },
  [{ input: { a: 0x1234 }, output: { byte: 0x34, long: 0x1234_0000_0000n } }],
);

calculates(
  "the program's own early returns",
  {
    input: { a: "u8" },
    output: { x: "u8" },
    body: `
  output.x = 1;
  if (input.a === 1) return Action.Pass;
  output.x = 2;
  if (input.a === 2) return Action.Pass;
  output.x = 3;`,
  },
  [
    { input: { a: 1 }, output: { x: 1 } },
    { input: { a: 2 }, output: { x: 2 } },
    { input: { a: 3 }, output: { x: 3 } },
  ],
);
