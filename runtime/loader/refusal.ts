/** Reads the verifier's log: what the kernel said, and at which of the author's lines. */
import type { Problem, Span } from "../../compiler/diagnostics/problem.ts";
import type { SourceLine } from "./lines.ts";
import { programRefused, withDetail } from "./problems.ts";

/** Lines of the log that are no reason: states, instructions, statistics, source comments, notes on the search. */
const NOT_A_REASON = [
  /^\s*$/,
  /^;/,
  /^\d+: /,
  /^(from|live|caller|callee|frame\d*)\b.*:/i,
  /^func#\d+ @\d+/,
  /^(processed \d+ insns|verification time|stack depth|mark_precise|last_idx|regs=|parent )/,
  /^(Validating|Func#|arg#\d+ reference type|reg type unsupported|BPF program is too large\. Processed 0)/,
  /^-- (BEGIN|END) PROG LOAD LOG --/,
  /^R\d+(_w)?=|^\s*R\d+(_w)?=.*R\d+/,
];

/** "; x = y; @ service.ts:12", as Linux 6.9 and later write; earlier ones leave the place out. */
const COMMENT = /^; ?(.*?)(?: @ ([^@:]+):(\d+))?$/;

/** The kernel's own last meaningful words. */
export function reasonOf(log: string): string | null {
  const lines = log.split("\n").map((line) => line.trim());
  return lines.findLast((line) => !NOT_A_REASON.some((pattern) => pattern.test(line))) ?? null;
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function spanOf(found: SourceLine): Span {
  const column = Math.max(found.column, 1);
  return { file: found.file, line: found.line, column, endLine: found.line, endColumn: column + 1 };
}

/** The instruction a message names by itself, before any was walked: "unreachable insn 12". */
const namedInstruction = (reason: string): number | null => {
  const named = /\binsn (\d+)/.exec(reason);
  return named === null ? null : Number(named[1]);
};

const lastInstruction = (lines: readonly string[]): number | null => {
  const found = lines.findLast((line) => /^\d+: \(/.test(line));
  return found === undefined ? null : Number.parseInt(found, 10);
};

/** The author's place, or null when neither the log nor the object's line information knows it. */
export function placeOf(log: string, section: string, known: readonly SourceLine[]): Span | null {
  const lines = log.split("\n");
  const comment = COMMENT.exec(lines.findLast((line) => line.startsWith(";")) ?? "");
  const instruction = lastInstruction(lines) ?? namedInstruction(reasonOf(log) ?? "");
  const before = (candidates: readonly SourceLine[]): SourceLine | undefined =>
    candidates.findLast((line) => line.section === section && instruction !== null && line.instruction <= instruction);
  if (comment === null) {
    const found = before(known);
    return found === undefined ? null : spanOf(found);
  }
  const [, text = "", file, line] = comment;
  const same = known.filter(
    (candidate) =>
      candidate.text === text.trim() &&
      (file === undefined || (baseName(candidate.file) === file && candidate.line === Number(line))),
  );
  const found = before(same) ?? same[0];
  if (found !== undefined) return spanOf(found);
  if (file === undefined) return null;
  return { file, line: Number(line), column: 1, endLine: Number(line), endColumn: 2 };
}

/** Sources of the package's own, which an author does not have before them. */
const isOwn = ({ file }: { readonly file: string }): boolean => file.startsWith("zeta/");

/** The author's line by which a program came to a place of the library's: the nearest before it, or the program's first. */
function authorsPlace(place: Span, section: string, known: readonly SourceLine[]): Span | null {
  const lines = known.filter((line) => line.section === section);
  const at = lines.findLastIndex((line) => line.file === place.file && line.line === place.line);
  const found = lines.slice(0, at + 1).findLast((line) => !isOwn(line)) ?? lines.find((line) => !isOwn(line));
  return found === undefined ? null : spanOf(found);
}

/** The refusal as the author should read it; the whole log is its `detail`. */
export function refusal(
  program: string,
  section: string,
  log: string,
  known: readonly SourceLine[],
  errno: string,
): Problem {
  const reason = reasonOf(log) ?? `it gave no reason but ${errno}`;
  const place = placeOf(log, section, known);
  const authors = place === null || !isOwn(place) ? null : authorsPlace(place, section, known);
  if (authors === null) return withDetail(programRefused(place, program, reason), log);
  const refused = withDetail(programRefused(authors, program, reason), log);
  return { ...refused, notes: [{ message: "in what this line calls, which the library has", at: place }] };
}
