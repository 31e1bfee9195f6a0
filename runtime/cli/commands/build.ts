/** `zeta build`: a source file into a bundle folder, once or at every change. */
import { type Command, Option } from "commander";
import { type BuildOptions, EMITTED, withCompilerOptions } from "../build/options.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import type { Session } from "../session.ts";
import { catchSignals } from "../signals.ts";

export function buildCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "build <file>",
    summary: "build a service into a bundle that nodes load",
    examples: [
      "zeta build service.ts",
      "zeta build service.ts --out build/firewall --cpu v4",
      "zeta build service.ts --fold site.json",
      "zeta build service.ts --emit ir",
      "zeta build service.ts --watch",
    ],
    reportsSource: true,
  })
    .option(
      "-o, --out <folder>",
      "where the bundle goes (default build/ and the service's name), or the file for --emit",
    )
    .addOption(new Option("--emit <stage>", "write one stage of the compilation instead of a bundle").choices(EMITTED))
    .option("--fold <file>", "config that never changes, as JSON: constants of the programs from then on")
    .option("-w, --watch", "build again whenever a source file changes; without what only traces need")
    .option("--verify", "have the kernel's verifier check the result, and fail when it cannot be asked")
    .option("--no-verify", "do not ask the kernel (by default it is asked when privileges permit)");
  return runs(withCompilerOptions(command), context, async (session: Session, options: BuildOptions, file: string) => {
    using signals = catchSignals();
    const { build } = await import("../build/build.ts");
    return await build(session, options, file, signals);
  });
}
