/** `zeta node networks`: what the node is told of the networks that it stands in. */
import type { Command } from "commander";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { readConfig } from "../run/config-file.ts";
import type { Session } from "../session.ts";
import { type NodeOptions, nodeOf, withState } from "./options.ts";

async function networks(session: Session, options: NodeOptions, file: string): Promise<ExitCode> {
  const given = readConfig(session, file);
  const node = await nodeOf(session, options);
  const told = await node.networks(given);
  if (session.format === "json") return session.report([], { networks: told });
  const parts = Object.keys(given).map((part) => `${told[part as keyof typeof told]} ${part}`);
  session.tell(`${session.paintErr.good("told")} the node of ${parts.join(", ") || "nothing"}\n`);
  return EXIT.ok;
}

export const networksCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "networks <file>",
        summary: "tell the node of its tunnels, endpoints, entrances and own addresses, and of tenants' quotas",
        examples: ["zeta node networks networks.json"],
      }),
    ),
    context,
    networks,
  );
