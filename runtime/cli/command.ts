/** What every command has in common: its options, its help, and how its end becomes an exit code. */
import { Command, Option } from "commander";
import type { ExitCode } from "./exit.ts";
import { type CommonOptions, FORMATS, type Host, openSession, type Session } from "./session.ts";

/** What the commands are given when the command line is put together. */
export interface CommandContext {
  readonly host: Host;
  readonly finish: (code: ExitCode) => void;
}

export interface CommandText {
  /** Name and arguments, as `check <file...>`. */
  readonly syntax: string;
  readonly summary: string;
  /** Lines of the help's "Examples" part. */
  readonly examples: readonly string[];
  /** Whether problems in source files are what it reports: those commands have --sarif and --format. */
  readonly reportsSource?: boolean;
}

/** A command with the common options; `run` is given by `runs`. */
export function defineCommand({ syntax, summary, examples, reportsSource = false }: CommandText): Command {
  const [name = "", ...parameters] = syntax.split(" ");
  const command = new Command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`);
  for (const parameter of parameters) command.argument(parameter);
  command.option("--json", "print one JSON document to standard output");
  if (reportsSource) {
    command.option("--sarif", "print problems as SARIF 2.1.0 to standard output");
    command.addOption(new Option("--format <format>", "how problems are written").choices(FORMATS).default("pretty"));
  }
  command.option("-v, --verbose", "show whole logs");
  command.addOption(new Option("--color <when>", "colour the output").choices(["auto", "always", "never"]));
  command.option("--no-color", "the same as --color never");
  return command.addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}\n`).join("")}`);
}

/** A command that is a family of others: `zeta node start`. */
export function defineGroup(
  { name, summary, examples }: Omit<CommandText, "syntax"> & { readonly name: string },
  commands: readonly Command[],
): Command {
  const group = new Command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}\n`).join("")}`);
  for (const command of commands) group.addCommand(command);
  return group;
}

/** Ties a function to a command; its result is the exit code. */
export function runs<O extends CommonOptions, A extends readonly unknown[]>(
  command: Command,
  { host, finish }: CommandContext,
  run: (session: Session, options: O, ...given: A) => ExitCode | Promise<ExitCode>,
): Command {
  return command.action(async (...all: unknown[]) => {
    const given = all.slice(0, command.registeredArguments.length) as unknown as A;
    const options = command.opts<O>();
    finish(await run(openSession(host, options), options, ...given));
  });
}
