/**
 * Text as a terminal lays it out: a source column (UTF-16 unit, as TypeScript counts) is not a screen cell once tabs,
 * wide or combining characters stand before it.
 */

const TAB = 4;
let segmenter: Intl.Segmenter | undefined;
/** Made when a line is first shown: it takes tens of milliseconds. */
const graphemes = (line: string): Intl.Segments => {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(line);
};

/** East Asian wide and fullwidth ranges, and emoji: two cells. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];

/** Cells of one grapheme; what draws nothing (a lone combining or zero-width character) takes none. */
function graphemeCells(grapheme: string): number {
  const point = grapheme.codePointAt(0) ?? 0;
  if (/^[\p{Mark}\p{Format}]/u.test(grapheme)) return 0;
  if (grapheme.includes("\ufe0f")) return 2;
  return WIDE.some(([first, last]) => point >= first && point <= last) ? 2 : 1;
}

/** One drawn piece of a line: where it begins in the source (0-based unit), what is drawn, and in how many cells. */
interface Cell {
  readonly unit: number;
  readonly text: string;
  readonly cells: number;
}

/** Control characters are drawn as a visible stand-in: a source file must not be able to steer the terminal. */
const visible = (grapheme: string): string => (/^\p{Control}/u.test(grapheme) ? "\u{fffd}" : grapheme);

/** Where one unit is one cell. */
const isPlain = (line: string): boolean => /^[\x20-\x7e]*$/.test(line);

function drawLine(line: string): readonly Cell[] {
  if (isPlain(line)) return [...line].map((text, unit) => ({ unit, text, cells: 1 }));
  const drawn: Cell[] = [];
  let column = 0;
  for (const { segment, index } of graphemes(line)) {
    const cells = segment === "\t" ? TAB - (column % TAB) : graphemeCells(segment);
    drawn.push({ unit: index, text: segment === "\t" ? " ".repeat(cells) : visible(segment), cells });
    column += cells;
  }
  return drawn;
}

/** Cells that a text without tabs takes. */
export const displayWidth = (text: string): number =>
  isPlain(text) ? text.length : drawLine(text).reduce((sum, { cells }) => sum + cells, 0);

export interface DrawnLine {
  readonly text: string;
  /** Cells before the mark, and the mark's own cells (at least one). */
  readonly before: number;
  readonly marked: number;
}

const ELLIPSIS = "…";
/** Cells of context kept left of the mark when a long line is clipped. */
const CONTEXT = 20;

/**
 * Draws one source line with the units [from, to) marked (0-based), in at most `width` cells. A longer line is clipped
 * around the mark, so that what is wrong is always seen.
 */
export function drawMarked(line: string, from: number, to: number, width: number): DrawnLine {
  const cells = drawLine(line);
  const total = cells.reduce((sum, cell) => sum + cell.cells, 0);
  const cellsBefore = (unit: number) => cells.reduce((sum, cell) => (cell.unit < unit ? sum + cell.cells : sum), 0);
  const markStart = cellsBefore(from);
  const markEnd = Math.max(cellsBefore(Math.max(to, from)), markStart + 1);
  if (total <= width) {
    return { text: cells.map((cell) => cell.text).join(""), before: markStart, marked: markEnd - markStart };
  }

  const clipStart = markEnd + 1 <= width ? 0 : Math.max(0, markStart - CONTEXT);
  const left = clipStart > 0 ? ELLIPSIS : "";
  let text = left;
  let used = left.length;
  let skipped = 0;
  let column = 0;
  let clippedRight = false;
  for (const cell of cells) {
    const start = column;
    column += cell.cells;
    if (start < clipStart) {
      skipped = column;
      continue;
    }
    // One cell stays free for the ellipsis unless this is the last piece.
    if (used + cell.cells > width - (column < total ? 1 : 0)) {
      clippedRight = true;
      break;
    }
    text += cell.text;
    used += cell.cells;
  }
  const before = markStart - skipped + left.length;
  const room = Math.max(1, used - before);
  return { text: clippedRight ? text + ELLIPSIS : text, before, marked: Math.min(markEnd - markStart, room) };
}
