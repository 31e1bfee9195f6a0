/** The curves as a table, as docs/flow-table.md has it. */
import type { Point } from "./curves.ts";

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`;
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 1 : 0);

const COLUMNS: readonly (readonly [string, (point: Point) => string])[] = [
  ["nodes", ({ nodes }) => `${nodes}`],
  ["chains", ({ chains }) => `${chains}`],
  ["fullest node / mean", ({ balance }) => balance.toFixed(2)],
  ["flows moved when a chain comes (least)", ({ movedOut, leastOut }) => `${percent(movedOut)} (${percent(leastOut)})`],
  ["when one goes (least)", ({ movedIn, leastIn }) => `${percent(movedIn)} (${percent(leastIn)})`],
  ["messages of a new flow", ({ messages }) => messages.toFixed(2)],
  ["while one is filled", ({ messagesFilling }) => messagesFilling.toFixed(2)],
  ["MiB of a node's tables", ({ memory }) => mebibytes(memory)],
];

export function asTable(points: readonly Point[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    row(COLUMNS.map(([name]) => name)),
    row(COLUMNS.map(() => "---:")),
    ...points.map((point) => row(COLUMNS.map(([, of]) => of(point)))),
  ].join("\n");
}
