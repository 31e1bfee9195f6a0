/** Columns of text for people. */
import { displayWidth } from "../../compiler/diagnostics/cells.ts";

export type Alignment = "left" | "right";

/** Rows with columns padded to the widest, two spaces apart; each line ends with a line break. */
export function textTable(rows: readonly (readonly string[])[], alignment: readonly Alignment[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    });
  }
  const pad = (cell: string, column: number): string => {
    const space = " ".repeat((widths[column] ?? 0) - displayWidth(cell));
    return alignment[column] === "right" ? space + cell : cell + space;
  };
  return rows.map((row) => `${row.map(pad).join("  ").trimEnd()}\n`).join("");
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** "12 B", "4.0 KiB", "1.2 MiB". */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}
