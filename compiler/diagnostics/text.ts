/** Problems one per line, as compilers have always written them, for grep and for editors that jump to `file:line:column`. */
import { collectProblems } from "./collect.ts";
import { placeText } from "./frame.ts";
import type { Problem } from "./problem.ts";

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** `service.ts:3:9: error ZT1001: message Fix.`; empty without problems, otherwise it ends with a line break. */
export function problemsAsText(problems: readonly Problem[]): string {
  return collectProblems(problems)
    .map(({ at, severity, code, message, fix }) => {
      const place = at === null ? "" : `${placeText(at)}: `;
      return `${place}${severity} ${code}: ${oneLine(message)} ${oneLine(fix)}\n`;
    })
    .join("");
}
