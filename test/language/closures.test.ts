/** Local functions are inlined where they are called, and assign what they capture. */
import { calculates } from "./harness.ts";

calculates(
  "a closure reads and assigns what is around it",
  {
    input: { a: "u32" },
    output: { total: "u32", calls: "u32" },
    body: `
  let total = 0;
  let calls = 0;
  const add = (n: u32) => {
    total += n;
    calls++;
  };
  add(input.a);
  if (input.a > 5) add(100);
  add(1);
  output.total = total;
  output.calls = calls;`,
  },
  [
    { input: { a: 5 }, output: { total: 6, calls: 2 } },
    { input: { a: 6 }, output: { total: 107, calls: 3 } },
  ],
);

calculates(
  "functions take and return functions",
  {
    input: { a: "u32" },
    output: { twice: "u32", curried: "u32", counter: "u32" },
    module: `
const twice = (f: (n: u32) => u32) => (n: u32) => f(f(n));
const adder = (by: u32) => (n: u32) => n + by;
const makeCounter = () => {
  let n = 0;
  return () => ++n;
};`,
    body: `
  output.twice = twice((n) => n * 3)(input.a);
  output.curried = adder(5)(input.a);
  const count = makeCounter();
  const other = makeCounter();
  count();
  count();
  output.counter = count() * 10 + other();`,
  },
  [{ input: { a: 7 }, output: { twice: 63, curried: 12, counter: 31 } }],
);

calculates(
  "a function declaration may stand after its use",
  {
    input: { a: "u32" },
    output: { x: "u32" },
    body: `
  output.x = later(input.a);
  function later(n: u32): u32 {
    return n + base;
  }`,
    module: "const base = 40;",
  },
  [{ input: { a: 2 }, output: { x: 42 } }],
);

calculates(
  "default parameters, rest parameters and spread arguments",
  {
    input: { a: "u32" },
    output: { x: "u32", y: "u32", z: "u32" },
    module: `
const scaled = (n: u32, by: u32 = 10, plus: u32 = by + 1) => n * by + plus;
const sum = (...all: u32[]) => {
  let total: u32 = 0;
  for (const one of all) total += one;
  return total;
};`,
    body: `
  output.x = scaled(input.a);
  output.y = scaled(input.a, 2);
  const rest = [3, 4] as const;
  output.z = sum(input.a, 2, ...rest);`,
  },
  [{ input: { a: 1 }, output: { x: 21, y: 5, z: 10 } }],
);

calculates(
  "a captured variable in a loop is the loop's own",
  {
    input: { a: "u32" },
    output: { x: "u32" },
    body: `
  let x = 0;
  for (let i = 0; i < 5; i++) {
    const weigh = (n: u32) => n * i;
    x += weigh(input.a);
  }
  output.x = x;`,
  },
  [{ input: { a: 3 }, output: { x: 30 } }],
);
