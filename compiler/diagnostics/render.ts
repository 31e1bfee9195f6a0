/** Problems for a person at a terminal. For other readers see text.ts, json.ts and sarif.ts. */
import { collectProblems, countProblems } from "./collect.ts";
import { type Palette, palette } from "./colour.ts";
import { codeFrame, type SourceReader } from "./frame.ts";
import type { Problem } from "./problem.ts";

export interface RenderOptions {
  /** Where the excerpts come from; without it only places are shown. */
  readonly source?: SourceReader;
  readonly colour?: boolean;
  /** Cells per line, 100 unless told. Source excerpts are clipped to it; messages are left to the terminal to wrap. */
  readonly width?: number;
  /** Print `Problem.detail` (whole logs) too. */
  readonly verbose?: boolean;
}

const DEFAULT_WIDTH = 100;

const indent = (text: string, by: string): string =>
  text
    .split("\n")
    .map((line) => (line === "" ? "" : by + line))
    .join("\n");

function renderNotes(problem: Problem, options: Required<RenderOptions>, paint: Palette): string[] {
  return problem.notes.flatMap((note) => {
    const frame =
      note.at === null
        ? []
        : codeFrame(note.at, { source: options.source, paint, mark: paint.place, width: options.width });
    return [`${paint.strong("note:")} ${note.message}`, ...frame];
  });
}

function renderDetail(detail: string | null, verbose: boolean, paint: Palette): string[] {
  if (detail === null || detail === "") return [];
  if (verbose) return [paint.strong("log:"), indent(detail.trimEnd(), "  ")];
  return [paint.faint("The whole log: --verbose.")];
}

/** One problem, without a line break at its end. */
export function renderProblem(problem: Problem, options: RenderOptions = {}): string {
  const full: Required<RenderOptions> = {
    source: options.source ?? (() => null),
    colour: options.colour ?? false,
    width: options.width ?? DEFAULT_WIDTH,
    verbose: options.verbose ?? false,
  };
  const paint = palette(full.colour);
  const mark = problem.severity === "error" ? paint.error : paint.warning;
  const frame = problem.at === null ? [] : codeFrame(problem.at, { ...full, paint, mark });
  return [
    `${mark(`${problem.severity} ${problem.code}:`)} ${paint.strong(problem.message)}`,
    ...frame,
    `${paint.fix("fix:")} ${problem.fix}`,
    ...renderNotes(problem, full, paint),
    ...renderDetail(problem.detail, full.verbose, paint),
  ].join("\n");
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** "2 errors and 1 warning". */
export function summary(problems: readonly Problem[]): string {
  const { errors, warnings } = countProblems(problems);
  const parts = [
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
  ];
  return parts.length === 0 ? "no problems" : parts.join(" and ");
}

/**
 * Every problem of a run, sorted and deduplicated, with a closing line that counts them and names `zeta explain`.
 * Empty when there is none; otherwise it ends with a line break.
 */
export function renderProblems(problems: readonly Problem[], options: RenderOptions = {}): string {
  const collected = collectProblems(problems);
  const first = collected[0];
  if (first === undefined) return "";
  const paint = palette(options.colour ?? false);
  const hint = paint.faint(`More about a code: zeta explain ${first.code}`);
  const blocks = collected.map((problem) => renderProblem(problem, options));
  return `${[...blocks, `${summary(collected)}. ${hint}`].join("\n\n")}\n`;
}
