/** Comparisons, and what the compiler concludes from them. */

import type { TypeName } from "./harness.ts";
import { calculates, type Shape } from "./harness.ts";
import { COMPARISONS, edges, pairs } from "./oracle.ts";

const NAMES: Readonly<Record<string, string>> = {
  "===": "equal",
  "!==": "different",
  "<": "less",
  "<=": "atMost",
  ">": "more",
  ">=": "atLeast",
};
const names = Object.keys(NAMES);

for (const type of ["u8", "u16", "u32", "u64", "i32", "i64", "ipv4", "ipv6", "mac"] as const satisfies TypeName[]) {
  const output: Shape = Object.fromEntries(names.map((operator) => [NAMES[operator], "u8"]));
  calculates(
    `the order of ${type}`,
    {
      input: { a: type, b: type },
      output,
      body: `  const { a, b } = input;\n${names
        .map((operator) => `  output.${NAMES[operator]} = a ${operator} b ? 1 : 0;`)
        .join("\n")}`,
    },
    pairs(edges(type)).map(([a, b]) => ({
      input: { a, b },
      output: Object.fromEntries(
        names.map((operator) => [NAMES[operator], COMPARISONS[operator]?.(a, b) === true ? 1 : 0]),
      ),
    })),
  );
}
