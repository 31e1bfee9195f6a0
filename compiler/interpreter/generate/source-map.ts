/** Source maps (ECMA-426): which of the author's lines each generated line comes from. */
import type { SourceFile } from "../../ir/ir.ts";
import type { WrittenLine } from "./writer.ts";

export interface SourceMapData {
  readonly version: 3;
  readonly file: string;
  readonly sourceRoot: string;
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 variable-length quantity: five bits a digit, the lowest first; the sign is the lowest bit of all. */
function quantity(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}

/** One segment per generated line, at its first character. */
export function sourceMap(
  lines: readonly WrittenLine[],
  files: readonly SourceFile[],
  file: string,
  sourceRoot: string,
): SourceMapData {
  let [source, line, column] = [0, 0, 0];
  const mappings = lines.map(({ indent, at }) => {
    if (at === null || files[at.file] === undefined) return "";
    const segment = [indent * 2, at.file - source, at.line - 1 - line, at.column - 1 - column].map(quantity).join("");
    [source, line, column] = [at.file, at.line - 1, at.column - 1];
    return segment;
  });
  return {
    version: 3,
    file,
    sourceRoot,
    sources: files.map(({ path }) => path),
    sourcesContent: files.map(({ text }) => text),
    names: [],
    mappings: mappings.join(";"),
  };
}
