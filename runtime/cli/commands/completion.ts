/** `zeta completion`: the script a shell loads to complete zeta's commands. */
import { Argument, type Command } from "commander";
import { explainedCodes } from "../../../compiler/diagnostics/pages.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { completionScript, SHELLS, type Shell } from "../completion.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { exampleNames } from "../installation.ts";
import type { CommonOptions, Session } from "../session.ts";

/** `program`: the whole command line, which the script describes. */
export function completionCommand(context: CommandContext, program: Command): Command {
  const command = defineCommand({
    syntax: "completion",
    summary: "print a completion script for a shell",
    examples: [
      "source <(zeta completion bash)",
      "zeta completion zsh > ~/.zfunc/_zeta",
      "zeta completion fish > ~/.config/fish/completions/zeta.fish",
    ],
  }).addArgument(new Argument("<shell>", "the shell").choices(SHELLS));
  return runs(command, context, (session: Session, _options: CommonOptions, shell: Shell): ExitCode => {
    session.print(completionScript(shell, program, { code: explainedCodes(), template: exampleNames() }));
    return EXIT.ok;
  });
}
