/** Functions across files, generics, namespaces, and values computed while compiling. */

import { expect } from "vitest";
import { calculates, onTargets, operandPacket, resultsIn, textOf } from "./harness.ts";

calculates(
  "generics are specialised for each use",
  {
    input: { a: "u32", b: "u64", c: "ipv6" },
    output: { a: "u32", b: "u64", same: "u8", c: "ipv6", first: "u32", size: "u8" },
    module: `
const identity = <T>(value: T): T => value;
const equal = <T extends number | bigint>(a: T, b: T): boolean => a === b;
const pair = <A, B>(a: A, b: B) => ({ a, b });
const firstOr = <T>(value: T | null, otherwise: T): T => value ?? otherwise;
const sizeOf = <V>(cursor: Cursor, layout: Layout<V>) => {
  const before = cursor.position;
  cursor.take(layout);
  return cursor.position - before;
};`,
    body: `
  output.a = identity(input.a);
  output.b = identity(input.b);
  output.same = equal(input.a, input.a) && equal(input.b, input.b) ? 1 : 0;
  const two = pair(input.a, input.c);
  output.c = two.b;
  output.first = firstOr(two.a, 1);
  output.size = u8(sizeOf(frame.cursor(), ethernetHeader));`,
  },
  [{ input: { a: 1, b: 2n, c: 3n }, output: { a: 1, b: 2n, same: 1, c: 3n, first: 1, size: 14 } }],
);

const across = {
  input: { a: "u32" },
  output: { x: "u32", y: "u32", z: "u32" },
  module: `
import { double, LIMIT, type Pair } from "./helpers.ts";
import * as helpers from "./helpers.ts";
import quadruple from "./quadruple.ts";
const pair: Pair = { left: 1, right: 2 };`,
  body: `
  output.x = double(input.a) + LIMIT;
  output.y = helpers.double(pair.right) + helpers.table.second;
  output.z = quadruple(input.a);`,
} as const;
const IMPORT = 'import { u32, u16, header, array, program, Action } from "zeta/bpf";\n';
onTargets(
  "functions and constants of other files",
  IMPORT + textOf(across),
  async (running) => {
    const [outcome] = await running.run(operandPacket(across, { a: 10 }));
    expect(resultsIn(across, outcome?.packet.bytes ?? new Uint8Array())).toEqual({ x: 1020, y: 24, z: 40 });
  },
  {
    files: {
      "helpers.ts": `${IMPORT}
export interface Pair { readonly left: u32; readonly right: u32 }
export const LIMIT = 1000;
export const double = (n: u32): u32 => n * 2;
export const table = { first: 10, second: 20 };
`,
      "quadruple.ts": `
import { double } from "./helpers.ts";
export { double } from "./helpers.ts";
export default function quadruple(n: number): number {
  return double(double(n));
}
`,
    },
  },
);

calculates(
  "plain expressions are computed while compiling",
  {
    input: { a: "u32" },
    output: { a: "u32", b: "u32", c: "u64", d: "u32", e: "u8" },
    module: `
const KILO = 1024;
const SIZES = { small: 4 * KILO, large: 2 ** 20 } as const;
const BITS = 1n << 40n;
const MASK = ~0 & 0xff00;
const squares = [1, 2, 3].map((n) => n * n);
const name = \`table-\${KILO}\`;`,
    body: `
  output.a = SIZES.small + KILO / 3;
  output.b = SIZES["large"] - 1;
  output.c = BITS | 1n;
  output.d = MASK + (squares[2] ?? 0);
  output.e = name === "table-1024" ? 1 : 0;`,
  },
  [{ input: { a: 0 }, output: { a: 4096 + 341, b: 2 ** 20 - 1, c: (1n << 40n) | 1n, d: 0xff00 + 9, e: 1 } }],
);

calculates(
  "enums and as const objects",
  {
    input: { a: "u8" },
    output: { x: "u8", y: "u8", name: "u8" },
    module: `
enum Colour { Red = 1, Green, Blue = 10 }
const enum Shape { Round, Square }
const Mode = { Off: 0, On: 1 } as const;
type Mode = (typeof Mode)[keyof typeof Mode];
const flip = (mode: Mode): Mode => (mode === Mode.On ? Mode.Off : Mode.On);`,
    body: `
  switch (input.a) {
    case Colour.Red:
      output.x = 1;
      break;
    case Colour.Green:
      output.x = 2;
      break;
    case Colour.Blue:
      output.x = 3;
      break;
    default:
      output.x = 0;
  }
  output.y = flip(Mode.On) === Mode.Off ? 5 : 6;
  output.name = Shape.Square;`,
  },
  [
    { input: { a: 1 }, output: { x: 1, y: 5, name: 1 } },
    { input: { a: 2 }, output: { x: 2, y: 5, name: 1 } },
    { input: { a: 10 }, output: { x: 3, y: 5, name: 1 } },
    { input: { a: 4 }, output: { x: 0, y: 5, name: 1 } },
  ],
);

calculates(
  "destructuring of views, objects, lists and parameters, with defaults and new names",
  {
    input: { a: "u32", b: "u16" },
    output: { a: "u32", b: "u16", c: "u32", d: "u32", e: "u32" },
    module: `
const sum = ({ a, b: second }: { a: u32; b: u32 }) => a + second;
const none: { readonly k?: u32 } = {};`,
    body: `
  const { a, b: renamed } = input;
  const [first, , third] = [a, 2, 3];
  const { k = 77 } = none;
  const {
    inner: { deep },
  } = { inner: { deep: a * 2 } };
  output.a = first + third;
  output.b = renamed;
  output.c = sum({ a, b: 5 });
  output.d = k;
  output.e = deep;`,
  },
  [{ input: { a: 10, b: 6 }, output: { a: 13, b: 6, c: 15, d: 77, e: 20 } }],
);

calculates(
  "as, satisfies, ! and comma change nothing",
  {
    input: { a: "u32" },
    output: { x: "u32", y: "u32" },
    module: "const known: u32 | null = 5;",
    body: `
  const n = input.a as number;
  output.x = (n satisfies number) + known!;
  let i = 0;
  let j = 10;
  for (i = 0, j = 10; i < 3; i++, j--);
  output.y = j * 10 + i;`,
  },
  [{ input: { a: 1 }, output: { x: 6, y: 73 } }],
);
