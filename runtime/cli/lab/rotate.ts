/** `zeta lab rotate`. */
import type { Command } from "commander";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { type NodeOptions, withState } from "../node/options.ts";
import type { Session } from "../session.ts";
import { labPlace } from "./options.ts";

async function rotateKey(session: Session, options: NodeOptions): Promise<ExitCode> {
  const { rotate } = await import("../../lab/standing/rotate.ts");
  const { told } = await rotate(labPlace(session, options));
  if (session.format === "json") return session.report([], { told });
  session.tell(
    `${session.paintErr.good("rotated")}: ${told} members have a new key, and the old one is good no more\n`,
  );
  return EXIT.ok;
}

export const rotateCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "rotate",
        summary: "give the cluster a new key for its operations, while packets go on",
        examples: ["zeta lab rotate"],
      }),
    ),
    context,
    rotateKey,
  );
