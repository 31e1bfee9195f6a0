/** `zeta node status` and `zeta node stop`. */
import type { Command } from "commander";
import type { Plain } from "../../control/client.ts";
import type { NodeStatus } from "../../control/status.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import type { Session } from "../session.ts";
import { bytesText, textTable } from "../text-table.ts";
import { type NodeOptions, nodeOf, withState } from "./options.ts";

const sum = (values: readonly (number | string)[]): bigint => values.reduce((total, one) => total + BigInt(one), 0n);

function print(session: Session, status: Plain<NodeStatus>): void {
  const { paintOut: paint } = session;
  const where = status.interfaces
    .map(({ interface: name, mode, lost }) => `${name} (${lost ? paint.warning("lost") : mode})`)
    .join(", ");
  const kept = status.keep ? ", kept" : "";
  session.print(
    `${paint.strong(`node ${status.run}`)} process ${status.pid}, on ${where}, since ${status.started}${kept}\n`,
  );
  if (status.role !== "single") {
    const by =
      status.epoch === null ? "without a view of its cluster" : `by epoch ${status.epoch} of its cluster's view`;
    session.print(`${status.role === "table" ? "flow-table node" : status.role} ${by}\n`);
  }
  for (const { family, entries, room, memory } of status.tables)
    session.print(`IPv${family} flow table: ${entries} of ${room} entries, two a flow; ${bytesText(memory)}\n`);
  session.print(`memory that services share: ${bytesText(status.memory)}\n`);
  for (const [reason, count] of Object.entries(status.drops))
    session.print(`dropped for no service: ${reason}, ${count}\n`);
  for (const [reason, count] of Object.entries(status.bounces))
    session.print(`not dropped, but asked again: ${reason}, ${count}\n`);
  if (status.services.length === 0) {
    session.print("no services\n");
    return;
  }
  const head = ["service", "kind", "vni", "listens", "flows", "packets", "drops", "upgrades", "memory"].map(
    paint.faint,
  );
  const rows = status.services.map((service) => [
    paint.strong(service.name),
    service.kind,
    String(service.vni),
    service.listen === "everything" ? "everything" : service.listen.join(", "),
    String(service.flows),
    String(service.traffic.packets),
    String(sum(Object.values(service.drops))),
    String(service.upgrades),
    bytesText(service.memory),
  ]);
  session.print(
    textTable([head, ...rows], ["left", "left", "right", "left", "right", "right", "right", "right", "right"]),
  );
}

async function status(session: Session, options: NodeOptions): Promise<ExitCode> {
  const node = await (await nodeOf(session, options)).status();
  if (session.format === "json") return session.report([], { node });
  print(session, node);
  return EXIT.ok;
}

async function stop(session: Session, options: NodeOptions): Promise<ExitCode> {
  const node = await nodeOf(session, options);
  await node.stop();
  if (session.format === "json") return session.report([], {});
  session.tell(`${session.paintErr.good("stopping")} the node\n`);
  return EXIT.ok;
}

export const statusCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "status",
        summary: "show the node, its tables and its services",
        examples: ["zeta node status", "zeta node status --json"],
      }),
    ),
    context,
    status,
  );

export const stopCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "stop",
        summary: "end the node's process and take it off its interfaces",
        examples: ["zeta node stop", "zeta node stop --state /run/zeta-edge"],
      }),
    ),
    context,
    stop,
  );
