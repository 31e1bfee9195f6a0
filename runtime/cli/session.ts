/** One run of the command: where it writes, how it reports, what was asked of it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type ColourChoice, type Palette, palette, wantsColour } from "../../compiler/diagnostics/colour.ts";
import { problemsAsJson } from "../../compiler/diagnostics/json.ts";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import { renderProblems } from "../../compiler/diagnostics/render.ts";
import { problemsAsSarif } from "../../compiler/diagnostics/sarif.ts";
import { problemsAsText } from "../../compiler/diagnostics/text.ts";
import { type ExitCode, exitCodeFor } from "./exit.ts";
import { version } from "./installation.ts";

/** The world outside the command; tests bring their own. */
export interface Host {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process's working directory. */
  readonly cwd: string;
}

export interface Sink {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  write(content: string | Uint8Array): void;
}

/** How problems and results are written. `pretty` is for people, the rest for programs. */
export const FORMATS = ["pretty", "text", "json", "sarif"] as const;
export type Format = (typeof FORMATS)[number];

/** Options that every command understands. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly format?: Format;
  readonly verbose?: boolean;
  /** `--color WHEN`; `--no-color` gives false. */
  readonly color?: ColourChoice | false;
}

export interface Session {
  readonly host: Host;
  readonly format: Format;
  readonly verbose: boolean;
  /** Colours for stdout and for stderr: one may be a terminal and the other a file. */
  readonly paintOut: Palette;
  readonly paintErr: Palette;
  /** Data, for the next program in the pipe. */
  readonly print: (content: string | Uint8Array) => void;
  /** Messages, for the person who waits. */
  readonly tell: (text: string) => void;
  /** Problems in the chosen format; gives the exit code they ask for. `data` joins the JSON document. */
  readonly report: (problems: readonly Problem[], data?: Readonly<Record<string, unknown>>) => ExitCode;
  /** Warnings of a command that goes on: always for people, on standard error. */
  readonly warn: (problems: readonly Problem[]) => void;
  /** A path of the command line, absolute. */
  readonly path: (path: string) => string;
}

function formatOf({ json, sarif, format }: CommonOptions): Format {
  if (json === true) return "json";
  if (sarif === true) return "sarif";
  return format ?? "pretty";
}

/** Reads each source file once, however many problems it has. */
function sourceReader(path: Session["path"]): (file: string) => string | null {
  const texts = new Map<string, string | null>();
  return (file) => {
    const known = texts.get(file);
    if (known !== undefined) return known;
    let text: string | null = null;
    try {
      text = readFileSync(path(file), "utf8");
    } catch {
      // The excerpt is a courtesy; the place is printed all the same.
    }
    texts.set(file, text);
    return text;
  };
}

export function openSession(host: Host, options: CommonOptions): Session {
  const format = formatOf(options);
  const choice: ColourChoice = options.color === false ? "never" : (options.color ?? "auto");
  const colourFor = ({ isTTY }: Sink): boolean => wantsColour(choice, { isTTY, env: host.env });
  const verbose = options.verbose ?? false;
  const path: Session["path"] = (given) => resolve(host.cwd, given);
  const print = (content: string | Uint8Array) => host.stdout.write(content);
  const tell = (text: string) => host.stderr.write(text);

  const warn: Session["warn"] = (problems) => {
    const colour = colourFor(host.stderr);
    const width = host.stderr.columns;
    const source = sourceReader(path);
    tell(renderProblems(problems, { source, colour, verbose, ...(width === undefined ? {} : { width }) }));
  };

  const report: Session["report"] = (problems, data = {}) => {
    const ok = problems.every(({ severity }) => severity !== "error");
    // One line for programs: commands that go on write a document per line.
    const indent = host.stdout.isTTY ? 2 : undefined;
    if (format === "json")
      print(`${JSON.stringify({ ok, problems: problemsAsJson(problems), ...data }, null, indent)}\n`);
    else if (format === "sarif") {
      const sarif = problemsAsSarif(problems, { version: version(), root: host.cwd });
      print(`${JSON.stringify(sarif, null, 2)}\n`);
    } else if (format === "text") print(problemsAsText(problems));
    else warn(problems);
    return exitCodeFor(problems);
  };

  return {
    host,
    format,
    verbose,
    paintOut: palette(colourFor(host.stdout)),
    paintErr: palette(colourFor(host.stderr)),
    print,
    tell,
    report,
    warn,
    path,
  };
}

/** Whether a person reads the result (and not a program). */
export const isForPeople = ({ format }: Session): boolean => format === "pretty" || format === "text";
