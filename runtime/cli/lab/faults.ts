/** `zeta lab fail` and `zeta lab heal`. */
import { type Command, Option } from "commander";
import { FAULTS, type Fault } from "../../lab/standing/fault-kinds.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { type NodeOptions, withState } from "../node/options.ts";
import type { Session } from "../session.ts";
import { labPlace } from "./options.ts";

interface FailOptions extends NodeOptions {
  readonly how: Fault;
}

const FROZEN: Readonly<Record<Fault, string>> = {
  data: "its data plane is frozen, its agent runs",
  agent: "its agent is frozen, its data plane goes on",
  both: "its data plane and its agent are frozen",
};

async function failOne(session: Session, options: FailOptions, name: string): Promise<ExitCode> {
  const { fail } = await import("../../lab/standing/faults.ts");
  await fail(labPlace(session, options), name, options.how);
  if (session.format === "json") return session.report([], { member: name, how: options.how });
  session.tell(`${session.paintErr.good("failed")} ${name}: ${FROZEN[options.how]}\n`);
  return EXIT.ok;
}

async function healOne(session: Session, options: NodeOptions, name: string): Promise<ExitCode> {
  const { heal } = await import("../../lab/standing/faults.ts");
  const { view } = await heal(labPlace(session, options), name);
  if (session.format === "json") return session.report([], { member: name, epoch: view.epoch });
  session.tell(`${session.paintErr.good("healed")} ${name}: it acts by epoch ${view.epoch}\n`);
  return EXIT.ok;
}

export const failCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "fail <name>",
        summary: "freeze a member: its data plane, its agent, or both",
        examples: ["zeta lab fail table1-1", "zeta lab fail forwarder2 --how data"],
      }),
    ).addOption(new Option("--how <part>", "what freezes").choices(FAULTS).default("both")),
    context,
    failOne,
  );

export const healCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "heal <name>",
        summary: "undo 'zeta lab fail', and tell the member of the view that there is by now",
        examples: ["zeta lab heal forwarder2"],
      }),
    ),
    context,
    healOne,
  );
