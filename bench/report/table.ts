/** The report for people. */
import type { AnyRow, BuildRow, FlowRow, MemoryRow, OperationRow, Row, TableRow, Way } from "./row.ts";

const HEAD = ["", "ns min", "median", "C min", "median", "ratio", "instr.", "C", "way", "C", "flows", "pattern"];

/** Instructions, and among them calls. */
const wayText = (way: Way | null): string => (way === null ? "-" : `${way.instructions} (${way.calls})`);

const comparison = (row: Row): string[] => [
  row.name,
  row.ns.min.toFixed(1),
  row.ns.median.toFixed(1),
  row.rivalNs.min.toFixed(1),
  row.rivalNs.median.toFixed(1),
  row.ratio.toFixed(2),
  `${row.instructions}`,
  `${row.rivalInstructions}`,
  wayText(row.way),
  wayText(row.rivalWay),
  `${row.flows}`,
  row.pattern,
];

const building = ({ name, milliseconds, target }: BuildRow): string =>
  `${name}: ${milliseconds.min} ms at least, ${milliseconds.median} ms in the middle (target ${target} ms)`;

const ofTable = ({ name, table, tableNs, entries, pattern }: TableRow): string =>
  `${name}: ${tableNs.min.toFixed(1)} ns at least, ${tableNs.median.toFixed(1)} in the middle: ${table}, room for ${entries}; ${pattern}`;

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

const ofMemory = ({ name, memory, most, room }: MemoryRow): string =>
  room === null
    ? `${name}: ${mebibytes(memory)}, at most ${mebibytes(most)}`
    : `${name}: ${(memory / room).toFixed(0)} bytes each, at most ${(most / room).toFixed(0)}; room for ${room} in ${mebibytes(memory)}`;

const bySingle = ({ ofSingle }: OperationRow): string =>
  ofSingle === undefined ? "" : ` (${ofSingle.min.toFixed(3)} and ${ofSingle.median.toFixed(3)} of a node by itself)`;

const ofOperation = (row: OperationRow): string =>
  `${row.name}: ${row.operationNs.min.toFixed(1)} ns at least, ${row.operationNs.median.toFixed(1)} in the middle${bySingle(row)}; ${row.pattern}`;

const ofFlow = ({ name, newFlowNs, walkNs, aloneNs, walkRatio, perSecond, hops, headerBytes }: FlowRow): string =>
  `${name}: ${walkNs.min} ns at least, ${walkNs.median} in the middle, in ${hops} hops, ${walkRatio.toFixed(2)} of their sum (${newFlowNs.min}, ${newFlowNs.median}), one by one ${aloneNs.min}; ${perSecond} a second and core; ${headerBytes} bytes of operations`;

/** Numbers stand to the right, words to the left. */
const isWords = (column: number): boolean => column === 0 || column === HEAD.length - 1;

export function table(rows: readonly AnyRow[]): string {
  const lines = [HEAD, ...rows.flatMap((row) => ("ns" in row ? [comparison(row)] : []))];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    isWords(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  const text = lines.length === 1 ? [] : lines.map((line) => line.map(pad).join("  ").trimEnd());
  return [
    ...text,
    ...rows.flatMap((row) => ("table" in row ? [ofTable(row)] : [])),
    ...rows.flatMap((row) => ("operationNs" in row ? [ofOperation(row)] : [])),
    ...rows.flatMap((row) => ("newFlowNs" in row ? [ofFlow(row)] : [])),
    ...rows.flatMap((row) => ("memory" in row ? [ofMemory(row)] : [])),
    ...rows.flatMap((row) => ("milliseconds" in row ? [building(row)] : [])),
  ].join("\n");
}
