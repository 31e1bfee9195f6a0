/** The whole command line, and what happens when it is wrong. */
import { Command, CommanderError } from "commander";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import type { CommandContext } from "./command.ts";
import { buildCommand } from "./commands/build.ts";
import { checkCommand } from "./commands/check.ts";
import { completionCommand } from "./commands/completion.ts";
import { configCommand } from "./commands/config.ts";
import { detachCommand } from "./commands/detach.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { flowsCommand } from "./commands/flows.ts";
import { initCommand } from "./commands/init.ts";
import { labCommand } from "./commands/lab.ts";
import { nodeCommand } from "./commands/node.ts";
import { psCommand } from "./commands/ps.ts";
import { runCommand } from "./commands/run.ts";
import { topCommand } from "./commands/top.ts";
import { traceCommand } from "./commands/trace.ts";
import { missingPackage } from "./compiler.ts";
import { EXIT, EXIT_MEANINGS, type ExitCode } from "./exit.ts";
import { version } from "./installation.ts";
import { usage } from "./problems.ts";
import { type Host, openSession, type Session } from "./session.ts";
import { Interrupted } from "./signals.ts";

const exitTable = (): string =>
  EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}\n`).join("");

/** Output of commander's own: help to stdout, nothing to stderr (its errors become problems). */
function quietErrors(command: Command, { host }: CommandContext): void {
  command.exitOverride().showSuggestionAfterError();
  command.configureOutput({
    writeOut: (text) => host.stdout.write(text),
    writeErr: (text) => {
      // With no arguments commander prints help as an error; its other errors come as exceptions.
      if (text.startsWith("Usage:")) host.stderr.write(text);
    },
    getOutHelpWidth: () => host.stdout.columns ?? 100,
    getErrHelpWidth: () => host.stderr.columns ?? 100,
  });
  for (const inner of command.commands) quietErrors(inner, { host, finish: () => undefined });
}

/** Every command, ready to parse. */
export function commandLine(context: CommandContext): Command {
  const program = new Command("zeta")
    .description("Write network middleboxes in TypeScript; run them in the kernel as eBPF/XDP.")
    .version(version(), "-V, --version", "show the version")
    .helpOption("-h, --help", "show help")
    .addHelpText(
      "after",
      `\nExamples:\n  $ zeta init firewall --template acl\n  $ zeta build service.ts\n  $ zeta run service.ts --interface eth1\n\nExit codes:\n${exitTable()}`,
    );
  const commands = [
    checkCommand,
    buildCommand,
    runCommand,
    nodeCommand,
    flowsCommand,
    topCommand,
    traceCommand,
    configCommand,
    labCommand,
    psCommand,
    detachCommand,
  ];
  for (const make of [...commands, doctorCommand, explainCommand, initCommand]) program.addCommand(make(context));
  program.addCommand(completionCommand(context, program));
  quietErrors(program, context);
  return program;
}

const HELP: ReadonlySet<string> = new Set(["commander.helpDisplayed", "commander.help", "commander.version"]);

/** "error: unknown command 'biuld'\n(Did you mean build?)" → the sentence, and what was meant. */
function readUsageError(message: string): { readonly sentence: string; readonly meant: string | null } {
  const meant = message.match(/\(Did you mean (?:one of )?([^?,]+)[^?]*\?\)/)?.[1] ?? null;
  const text = message
    .replace(/^error: /, "")
    .replace(/\s*\(Did you mean[^)]*\)/, "")
    .replace(/\s*\n\s*/g, " ")
    .trim();
  const capital = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return { sentence: /[.?!]$/.test(capital) ? capital : `${capital}.`, meant };
}

function bug(session: Session, error: unknown): ExitCode {
  const text = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && session.verbose ? `\n${error.stack ?? ""}` : "";
  const hint = session.verbose ? "" : " Run again with --verbose for what to put into the report.";
  session.tell(`${session.paintErr.error("bug:")} ${text}\nThis is a bug in Zeta; please report it.${hint}${stack}\n`);
  return EXIT.internal;
}

/** "zeta node add": the commands that the words name, as far as they do. */
function pathOf(command: Command, [word, ...rest]: readonly string[]): string {
  const inner = command.commands.find((one) => one.name() === word);
  return inner === undefined ? command.name() : `${command.name()} ${pathOf(inner, rest)}`;
}

/** The options that decide how an error is shown, found in a command line that may not parse. */
const errorOptions = (words: readonly string[]) => ({
  json: words.includes("--json"),
  verbose: words.includes("--verbose") || words.includes("-v"),
  ...(words.includes("--no-color") ? { color: false as const } : {}),
});

/** Runs one command line (without node and script). Never throws, never exits: gives the exit code. */
export async function runCommandLine(words: readonly string[], host: Host): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const finish = (ended: ExitCode): void => {
    code = ended;
  };
  const program = commandLine({ host, finish });
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof Interrupted) return error.code;
    const session = openSession(host, errorOptions(words));
    if (error instanceof ZetaError) return session.report(error.problems);
    const missing = missingPackage(error);
    if (missing !== null) return session.report([missing]);
    if (!(error instanceof CommanderError)) return bug(session, error);
    if (HELP.has(error.code)) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { sentence, meant } = readUsageError(error.message);
    return session.report([usage(null, sentence, pathOf(program, words), meant)]);
  }
}
