/** Problems as SARIF 2.1.0 (OASIS, 27 March 2020), which code-scanning services and editors import. */
import { collectProblems } from "./collect.ts";
import type { Problem, Span } from "./problem.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

export interface SarifOptions {
  /** Version of zeta, as the driver's. */
  readonly version: string;
  /** Absolute path of the folder that relative paths in the problems are relative to; left out when unknown. */
  readonly root?: string;
}

/** A relative reference (RFC 3986) of a path: `:` and spaces must not be taken for a scheme or break the URI. */
const uriOf = (file: string): string =>
  file.startsWith("/")
    ? `file://${file.split("/").map(encodeURIComponent).join("/")}`
    : file.split("/").map(encodeURIComponent).join("/");

function locationOf(at: Span, withBase: boolean, message?: string) {
  const relative = !at.file.startsWith("/");
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(at.file), ...(relative && withBase ? { uriBaseId: "ROOT" } : {}) },
      region: { startLine: at.line, startColumn: at.column, endLine: at.endLine, endColumn: at.endColumn },
    },
    ...(message === undefined ? {} : { message: { text: message } }),
  };
}

function resultOf(problem: Problem, ruleIndex: number, withBase: boolean) {
  const related = problem.notes.flatMap((note, id) =>
    note.at === null ? [] : [{ id, ...locationOf(note.at, withBase, note.message) }],
  );
  return {
    ruleId: problem.code,
    ruleIndex,
    level: problem.severity,
    message: { text: `${problem.message} ${problem.fix}` },
    locations: problem.at === null ? [] : [locationOf(problem.at, withBase)],
    ...(related.length === 0 ? {} : { relatedLocations: related }),
  };
}

/** The SARIF log of one run, as a value to be written with JSON.stringify. */
export function problemsAsSarif(problems: readonly Problem[], { version, root }: SarifOptions) {
  const collected = collectProblems(problems);
  const codes = [...new Set(collected.map((problem) => problem.code))].sort();
  const base = root === undefined ? undefined : `${uriOf(root.endsWith("/") ? root : `${root}/`)}`;
  return {
    $schema: SCHEMA,
    version: "2.1.0" as const,
    runs: [
      {
        tool: {
          driver: {
            name: "zeta",
            version,
            rules: codes.map((code) => ({
              id: code,
              help: { text: `zeta explain ${code}` },
            })),
          },
        },
        // TypeScript counts columns in UTF-16 units.
        columnKind: "utf16CodeUnits" as const,
        ...(base === undefined ? {} : { originalUriBaseIds: { ROOT: { uri: base } } }),
        results: collected.map((problem) => resultOf(problem, codes.indexOf(problem.code), base !== undefined)),
      },
    ],
  };
}
