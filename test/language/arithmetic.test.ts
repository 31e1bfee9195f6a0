/** Every operator of every number type at edge values, against unbounded integers. */
import { type Calculation, calculates, type Shape } from "./harness.ts";
import { edges, isSigned, type NumberType, operate, pairs, workingType, wrap } from "./oracle.ts";

const NAMES: Readonly<Record<string, string>> = {
  "+": "sum",
  "-": "difference",
  "*": "product",
  "/": "quotient",
  "%": "remainder",
  "&": "both",
  "|": "either",
  "^": "differing",
  "<<": "left",
  ">>": "right",
  ">>>": "rightToo",
};
const TYPES: readonly NumberType[] = ["u8", "u16", "u32", "u64", "i32", "i64"];

for (const type of TYPES) {
  const works = workingType(type);
  const operators = Object.keys(NAMES).filter((operator) => operator !== ">>>" || works === "u32");
  const output: Shape = Object.fromEntries(operators.map((operator) => [NAMES[operator], works]));
  const calculation: Calculation = {
    input: { a: type, b: type },
    output,
    body: `  const { a, b } = input;\n${operators
      .map((operator) => `  output.${NAMES[operator]} = ${works === type ? "" : `${works}`}(a ${operator} b);`)
      .join("\n")}`,
  };
  calculates(
    `operators between ${type} work at ${works}`,
    calculation,
    pairs(edges(type)).map(([a, b]) => ({
      input: { a, b },
      output: Object.fromEntries(operators.map((operator) => [NAMES[operator], operate(operator, works, a, b)])),
    })),
  );

  const zero = works === "u64" || works === "i64" ? "0n" : "0";
  calculates(
    `the operators of one ${type}`,
    {
      input: { a: type },
      output: { negative: works, complement: works, zero: "u8" },
      body: "  const { a } = input;\n  output.negative = -a;\n  output.complement = ~a;\n  output.zero = !a ? 1 : 0;",
    },
    edges(type).map((a) => ({
      input: { a },
      output: { negative: wrap(works, -a), complement: wrap(works, ~a), zero: a === 0n ? 1 : 0 },
    })),
  );

  const constants = edges(works).filter((value) => !isSigned(works) || value > -(1n << 31n));
  const written = (value: bigint) => (zero === "0n" ? `${value}n` : `${value}`);
  calculates(
    `${type} with constants on the right`,
    {
      input: { a: type },
      output: Object.fromEntries(
        operators.flatMap((operator) => constants.map((_, i) => [`${NAMES[operator]}${i}`, works])),
      ),
      body: `  const { a } = input;\n${operators
        .flatMap((operator) =>
          constants.map((value, i) => `  output.${NAMES[operator]}${i} = a ${operator} ${written(value)};`),
        )
        .join("\n")}`,
    },
    edges(type).map((a) => ({
      input: { a },
      output: Object.fromEntries(
        operators.flatMap((operator) =>
          constants.map((value, i) => [`${NAMES[operator]}${i}`, operate(operator, works, a, value)]),
        ),
      ),
    })),
  );
}
