/** Problems and sources for tests of how they are shown. */
import { type Problem, problem, type Span } from "../../compiler/diagnostics/problem.ts";

export const SOURCE = `const rules = table();
  const { source } = packet;
\tif (source === undefined) return drop("rate");
const 名前 = "値"; lookup(名前);
`;

export const source = (file: string): string | null => (file === "service.ts" ? SOURCE : null);

export const span = (line: number, column: number, endColumn: number, endLine = line): Span => ({
  file: "service.ts",
  line,
  column,
  endLine,
  endColumn,
});

export const unboundedLoop = problem("ZT9001", (keyword: string) => ({
  message: `This '${keyword}' has no end.`,
  fix: "Count to a constant.",
}));

export const unused = problem(
  "ZT9002",
  (name: string) => ({ message: `'${name}' is not used.`, fix: "Remove it." }),
  "warning",
);

export const withNote = (of: Problem, message: string, at: Span | null): Problem => ({
  ...of,
  notes: [...of.notes, { message, at }],
});
