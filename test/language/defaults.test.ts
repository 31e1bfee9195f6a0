/** Defaults of patterns and parameters stand for what is missing, known while compiling or by the packet; closures made anew. */
import { calculates } from "./harness.ts";

calculates(
  "a default takes the place of what is missing, and is computed only then",
  {
    input: { a: "u32", b: "u32" },
    output: {
      field: "u32",
      renamed: "u32",
      parameter: "u32",
      left: "u32",
      nested: "u32",
      item: "u32",
      computed: "u32",
    },
    module: `
const optional = (n: u32): { x?: u32 } => (n > 3 ? { x: n } : {});
const maybe = (n: u32): u32 | undefined => (n > 3 ? n : undefined);`,
    body: `
  const { x = 42 } = optional(input.a);
  output.field = x;
  const { x: y = input.b } = optional(input.a);
  output.renamed = y;
  let computed = 0;
  const one = () => {
    computed++;
    return 1;
  };
  const f = (n = one()) => n + 1;
  output.parameter = f(maybe(input.a));
  output.left = f();
  const { p: { q = 5 } = {} }: { p?: { q?: u32 } } = {};
  output.nested = q;
  const [first, second = 6] = [input.a] as [u32, u32?];
  output.item = first * 10 + second;
  output.computed = computed;`,
  },
  [
    {
      input: { a: 7, b: 9 },
      output: { field: 7, renamed: 7, parameter: 8, left: 2, nested: 5, item: 76, computed: 1 },
    },
    {
      input: { a: 2, b: 9 },
      output: { field: 42, renamed: 9, parameter: 2, left: 2, nested: 5, item: 26, computed: 2 },
    },
  ],
);

calculates(
  "a closure made by the function that it calls is no recursion",
  {
    input: { a: "u32" },
    output: { x: "u32", y: "u32" },
    module: `
const twice = (f: (n: u32) => u32) => (n: u32) => f(f(n));
const both = (f: (n: u32) => u32, g: (n: u32) => u32) => (n: u32) => g(f(n));
const next = (n: u32) => n + 1;`,
    body: `
  output.x = twice(twice(next))(input.a);
  output.y = both(both(next, next), both(next, (n) => n * 2))(input.a);`,
  },
  [{ input: { a: 5 }, output: { x: 9, y: 16 } }],
);
