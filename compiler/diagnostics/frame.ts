/** The excerpt of a source file under a problem: its line, a caret underline, and where it stands. */
import { drawMarked } from "./cells.ts";
import type { Palette } from "./colour.ts";
import type { Span } from "./problem.ts";

/** Text of a source file by the path in a Span, or null when it cannot be had. */
export type SourceReader = (file: string) => string | null;

const LINE_BREAK = /\r\n|[\n\r\u2028\u2029]/;

export const sourceLine = (text: string, line: number): string | null => text.split(LINE_BREAK)[line - 1] ?? null;

export const placeText = (at: Span): string => `${at.file}:${at.line}:${at.column}`;

interface FrameOptions {
  readonly source: SourceReader;
  readonly paint: Palette;
  readonly mark: (text: string) => string;
  /** Cells of a whole output line. */
  readonly width: number;
}

/**
 * ```
 *   ┌ service.ts:3:9
 * 3 │   const { x } = y;
 *   │         ^^^^^
 * ```
 * A span over several lines is marked to the end of its first line. Only the place is shown when the text is not there.
 */
export function codeFrame(at: Span, { source, paint, mark, width }: FrameOptions): string[] {
  const number = String(at.line);
  const gutter = " ".repeat(number.length);
  const head = `${gutter} ${paint.faint("┌")} ${paint.place(placeText(at))}`;
  const text = source(at.file);
  const line = text === null ? null : sourceLine(text, at.line);
  if (line === null) return [head];

  const oneLine = at.endLine === at.line;
  const end = oneLine ? at.endColumn - 1 : line.length;
  const drawn = drawMarked(line, at.column - 1, end, Math.max(20, width - number.length - 3));
  const carets = `${"^".repeat(drawn.marked)}${oneLine ? "" : "…"}`;
  return [
    head,
    `${paint.faint(`${number} │`)} ${drawn.text}`,
    `${gutter} ${paint.faint("│")} ${" ".repeat(drawn.before)}${mark(carets)}`,
  ];
}
