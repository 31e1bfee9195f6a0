/** `zeta flows`: the flows of a live node, listed, counted, flushed. */
import { type Command, Option } from "commander";
import type { NodeClient, Plain } from "../../control/client.ts";
import type { FlowFilter, FlowRow } from "../../control/flow-filter.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { type NodeOptions, nodeOf, serviceOption, whole, withState } from "../node/options.ts";
import { usage } from "../problems.ts";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

interface FlowsOptions extends NodeOptions, Omit<FlowFilter, "waits"> {
  readonly waiting?: boolean;
  readonly count?: boolean;
  readonly flush?: boolean;
  readonly all?: boolean;
  readonly ndjson?: boolean;
  readonly offset?: number;
  readonly limit?: number;
}

type Row = Plain<FlowRow>;

function filterOf({ service, vni, address, port, protocol, waiting }: FlowsOptions): FlowFilter {
  const waits = waiting === true ? "true" : undefined;
  const given = Object.entries({ service, vni, address, port, protocol, waits }).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(given);
}

/** Rows that are laid out together: more would have to be kept until the last is read. */
const PAGE = 1000;

const cells = (row: Row): string[] => {
  const { service, vni, protocol, client, destination, sentFrom, sentTo, waits, packets, bytes } = row;
  const sent = [
    sentFrom === null ? "" : `from ${sentFrom}`,
    sentTo === null ? "" : `to ${sentTo}`,
    waits ? "(waits)" : "",
  ].filter(Boolean);
  return [service, String(vni), protocol, client, destination, sent.join(" ") || "-", String(packets), String(bytes)];
};

async function table(session: Session, rows: AsyncIterable<Row>): Promise<void> {
  const head = ["service", "vni", "protocol", "client", "destination", "sent", "packets", "bytes"];
  const alignment = ["left", "right", "left", "left", "left", "left", "right", "right"] as const;
  let page: string[][] = [head.map(session.paintOut.faint)];
  let any = false;
  for await (const row of rows) {
    any = true;
    page.push(cells(row));
    if (page.length <= PAGE) continue;
    session.print(textTable(page, alignment));
    page = [];
  }
  if (!any) session.tell("No flow fits.\n");
  else if (page.length > 0) session.print(textTable(page, alignment));
}

/** One document, written as it is read. */
async function document(session: Session, rows: AsyncIterable<Row>): Promise<void> {
  let before = '{ "ok": true, "problems": [], "flows": [';
  for await (const row of rows) {
    session.print(`${before}\n${JSON.stringify(row)}`);
    before = ",";
  }
  session.print(`${before === "," ? "\n" : before}] }\n`);
}

async function list(session: Session, node: NodeClient, options: FlowsOptions): Promise<ExitCode> {
  const { offset, limit, ndjson } = options;
  const rows = node.flows({
    ...filterOf(options),
    ...(offset === undefined ? {} : { offset }),
    ...(limit === undefined ? {} : { limit }),
  });
  if (ndjson === true) for await (const row of rows) session.print(`${JSON.stringify(row)}\n`);
  else if (session.format === "json") await document(session, rows);
  else await table(session, rows);
  return EXIT.ok;
}

const several = (flows: number): string => `${flows} flow${flows === 1 ? "" : "s"}`;

async function flows(session: Session, options: FlowsOptions): Promise<ExitCode> {
  const filter = filterOf(options);
  const chosen = Object.keys(filter).length > 0;
  const wrong = (sentence: string): ExitCode => session.report([usage(null, sentence, "zeta flows")]);
  if (options.count === true && options.flush === true) return wrong("Say --count or --flush, not both.");
  if (options.flush === true && chosen === (options.all === true))
    return wrong("--flush wants to know which flows: by their parts, or --all.");
  const isPart = (options.limit ?? options.offset) !== undefined;
  if (isPart && (options.count === true || options.flush === true))
    return wrong("--limit and --offset choose what is listed: neither --count nor --flush goes by them.");
  if (options.ndjson === true && session.format === "json") return wrong("Say --ndjson or --json, not both.");
  const node = await nodeOf(session, options);
  if (options.flush === true) {
    const removed = await node.flushFlows(filter);
    if (session.format === "json") return session.report([], { removed });
    session.tell(`${session.paintErr.good("flushed")} ${several(removed)}\n`);
    return EXIT.ok;
  }
  if (options.count !== true) return list(session, node, options);
  const count = await node.countFlows(filter);
  if (session.format === "json") return session.report([], { flows: count });
  session.print(`${count}\n`);
  return EXIT.ok;
}

export function flowsCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "flows",
    summary: "list, count or flush the flows of a live node",
    examples: [
      "zeta flows --service web --limit 100",
      "zeta flows --vni 7 --address 10.0.0.0/24 --port 443 --protocol tcp",
      "zeta flows --count",
      "zeta flows --ndjson | jq .client",
      "zeta flows --flush --address 10.0.0.7",
    ],
  })
    .addOption(serviceOption())
    .option("--vni <number>", "of this tenant's network")
    .option("--address <prefix>", "with an end in this prefix or address, before or after rewriting")
    .option("--port <number>", "with this port at an end, before or after rewriting")
    .option("--protocol <name>", "tcp, udp, icmp, icmpv6, or a number")
    .option("--waiting", "that wait for a packet from behind their service")
    .option("--count", "print how many fit")
    .option("--flush", "forget them, both directions: their next packets are decided anew")
    .option("-a, --all", "with --flush: every flow")
    .option("--ndjson", "print one JSON document per flow and line, as they are read")
    .addOption(new Option("--limit <count>", "at most so many").argParser(whole(1, Number.MAX_SAFE_INTEGER)))
    .addOption(new Option("--offset <count>", "after so many").argParser(whole(0, Number.MAX_SAFE_INTEGER)));
  return runs(withState(command), context, flows);
}
