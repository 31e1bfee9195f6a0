/** `zeta node start`: a node for as long as the command runs. */
import { type Command, Option } from "commander";
import { type Problem, ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { bpffsFolder } from "../../attach/state.ts";
import type { NodeRole } from "../../node/bundle.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { readConfig } from "../run/config-file.ts";
import type { Session } from "../session.ts";
import { catchSignals, type EndingSignal, exitCodeOfSignal } from "../signals.ts";
import { interfaceOption, type NodeOptions, stateOf, whole, withState } from "./options.ts";

interface StartOptions extends NodeOptions {
  readonly interface: readonly string[];
  readonly mode: "native" | "generic";
  readonly flows?: number;
  readonly role: NodeRole;
  readonly times?: string;
  readonly keep?: boolean;
  readonly metrics?: string;
}

const MOST_FLOWS = 64 * 1024 * 1024;

async function start(session: Session, options: StartOptions): Promise<ExitCode> {
  using signals = catchSignals();
  const [{ startNode }, { keepsNothing }, { outlivesUs }, { watchInterfaces }] = await Promise.all([
    import("../../control/start.ts"),
    import("../../control/problems.ts"),
    import("../../loader/bpffs.ts"),
    import("../run/interfaces.ts"),
  ]);
  const where = options.interface.join(", ");
  const wanted = options.keep === true;
  const node = await startNode({
    interfaces: options.interface,
    mode: options.mode,
    role: options.role,
    keep: wanted,
    signal: signals.abort,
    ...(options.times === undefined ? {} : { times: readConfig(session, options.times) }),
    ...stateOf(session, options),
    ...(options.flows === undefined ? {} : { flows: options.flows }),
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
  });
  const note = (type: string, text: string, data: object): void => {
    if (session.format === "json") session.print(`${JSON.stringify({ type, run: node.run, ...data })}\n`);
    else session.tell(`${text}\n`);
  };
  const warn = (type: string, { code, message }: Problem, advice = ""): void =>
    note(type, `${session.paintErr.warning("warning")} ${code}: ${message}${advice}`, { code, message });
  const pins = bpffsFolder(stateOf(session, options).state);
  const keep = wanted && outlivesUs(pins);
  if (wanted && !keep) {
    const problem = keepsNothing(null, pins);
    warn("not kept", problem, `\n${problem.fix}`);
  }
  const interfaces = watchInterfaces(node.attachments, (problem) => warn("lost", problem));
  let ended: EndingSignal | "stopped" | Problem;
  try {
    const metrics = node.metrics === null ? "" : `; metrics at ${node.metrics}`;
    note(
      "started",
      `${session.paintErr.good("started")} node on ${where} (${options.mode})${metrics}; Ctrl-C ends it.`,
      { interfaces: options.interface, mode: options.mode, socket: node.socket, metrics: node.metrics },
    );
    const stopped = node.stopped.then(() => "stopped" as const);
    ended = await Promise.race([signals.ended, stopped, interfaces.over]);
  } finally {
    interfaces.stop();
    await node.close();
  }
  if (typeof ended === "object") throw new ZetaError([ended]);
  const place = options.state === undefined ? "" : ` --state ${options.state}`;
  const left = keep ? `; its data plane runs on: zeta detach ${node.run}${place} ends it` : "";
  note("stopped", `${session.paintErr.good("stopped")} node on ${where}${left}`, { kept: keep });
  return ended === "stopped" ? EXIT.ok : exitCodeOfSignal(ended);
}

export function startCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "start",
    summary: "run a node on interfaces until Ctrl-C or 'zeta node stop'",
    examples: [
      "zeta node start --interface eth1 --interface eth2",
      "zeta node start --interface eth1 --flows 1000000 --metrics 127.0.0.1:9464",
      "zeta node start --interface eth1 --state /run/zeta-edge --keep",
    ],
  })
    .addOption(interfaceOption())
    .addOption(
      new Option("--mode <mode>", "native XDP, or the slower generic one; never chosen by itself")
        .choices(["native", "generic"])
        .default("native"),
    )
    .addOption(
      new Option("--role <role>", "what it is in a cluster; by itself unless told")
        .choices(["single", "forwarder", "table"] satisfies NodeRole[])
        .default("single"),
    )
    .option("--times <file>", "JSON with times of its cluster, the same on all nodes")
    .addOption(new Option("--flows <count>", "flows to have room for, of each family").argParser(whole(1, MOST_FLOWS)))
    .option("--keep", "leave the data plane running when this process ends")
    .option("--metrics <where>", "serve Prometheus metrics at HOST:PORT, or at the path of a UNIX socket");
  return runs(withState(command), context, start);
}
