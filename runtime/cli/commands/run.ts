/** `zeta run`: a service on an interface for as long as the command runs. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { withCompilerOptions } from "../build/options.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { interfaceOption } from "../node/options.ts";
import type { RunOptions } from "../run/run.ts";
import type { Session } from "../session.ts";
import { catchSignals } from "../signals.ts";

const seconds = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("A positive number of seconds was expected.");
};

export function runCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "run <input>",
    summary: "run a service on an interface until Ctrl-C",
    examples: [
      "zeta run service.ts --interface eth1",
      "zeta run service.ts --interface eth1 --config config.json",
      "zeta run build/firewall --interface eth1 --interface eth2",
      "zeta run service.ts --interface veth0 --for 10 --json",
    ],
  })
    .addOption(interfaceOption())
    .option("-c, --config <file>", "JSON: the config of the service, which must be complete")
    .addOption(
      new Option("--mode <mode>", "native XDP, or the slower generic one; never chosen by itself")
        .choices(["native", "generic"])
        .default("native"),
    )
    .option("--program <name>", "which XDP program to attach, of several")
    .addOption(new Option("--interval <seconds>", "how often counters are shown").argParser(seconds).default(1))
    .addOption(new Option("--for <seconds>", "end after this time").argParser(seconds));
  return runs(withCompilerOptions(command), context, async (session: Session, options: RunOptions, input: string) => {
    using signals = catchSignals();
    const { run } = await import("../run/run.ts");
    return await run(session, options, input, signals);
  });
}
