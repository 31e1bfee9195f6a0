/** `zeta top`: what a live node does, second by second. */
import { setTimeout as pause } from "node:timers/promises";
import { type Command, Option } from "commander";
import { plain } from "../../control/json.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { type NodeOptions, nodeOf, positive, whole, withState } from "../node/options.ts";
import { type Rates, ratesOf, shortNumber } from "../node/rates.ts";
import type { Session } from "../session.ts";
import { catchSignals, exitCodeOfSignal } from "../signals.ts";
import { textTable } from "../text-table.ts";

interface TopOptions extends NodeOptions {
  readonly interval: number;
  /** Looks, after which it ends. */
  readonly count?: number;
}

const MOST_DROPS = 10;
const MOST_TENANTS = 10;
const percent = (part: number, all: number): string => `${all === 0 ? 0 : ((part / all) * 100).toFixed(1)}%`;

function screen(session: Session, { services, drops, tables, tenants }: Rates): string {
  const { paintOut: paint } = session;
  const fill = tables.map(({ family, entries, room }) => `IPv${family} ${entries}/${room} (${percent(entries, room)})`);
  const lines = [`flow tables: ${fill.join(", ")}\n`];
  const rows = services.map((one) => [
    paint.strong(one.name),
    String(one.vni),
    shortNumber(one.packets),
    shortNumber(one.bits),
    shortNumber(one.opened),
    String(one.flows),
    shortNumber(one.dropped),
  ]);
  const head = ["service", "vni", "packets/s", "bits/s", "new flows/s", "flows", "drops/s"].map(paint.faint);
  lines.push(textTable([head, ...rows], ["left", "right", "right", "right", "right", "right", "right"]));
  if (tenants.length > 0) {
    const most = [...tenants].sort((a, b) => b.refusals - a.refusals || b.flows - a.flows).slice(0, MOST_TENANTS);
    const tenantRows = most.map(({ vni, flows, quota, refusals }) => [
      String(vni),
      String(flows),
      quota?.flows === undefined ? "-" : String(quota.flows),
      quota?.newFlows === undefined ? "-" : shortNumber(quota.newFlows.perSecond),
      shortNumber(refusals),
    ]);
    const tenantHead = ["tenant", "flows", "of", "new flows/s at most", "refused/s"].map(paint.faint);
    lines.push("\n", textTable([tenantHead, ...tenantRows], ["right", "right", "right", "right", "right"]));
  }
  if (drops.length > 0) {
    const dropRows = drops
      .slice(0, MOST_DROPS)
      .map(({ service, reason, rate, total }) => [service, reason, shortNumber(rate), String(total)]);
    const dropHead = ["dropped by", "reason", "/s", "total"].map(paint.faint);
    lines.push("\n", textTable([dropHead, ...dropRows], ["left", "left", "right", "right"]));
  }
  return lines.join("");
}

/** One line per service, for logs; and one per tenant whose new flows are refused. */
const asLines = ({ services, drops, tenants }: Rates): string =>
  services
    .map(({ name, vni, packets, bits, opened, flows, dropped }) => {
      const numbers = [
        `packets/s=${packets.toFixed(1)}`,
        `bits/s=${bits.toFixed(0)}`,
        `new-flows/s=${opened.toFixed(1)}`,
        `flows=${flows}`,
        `drops/s=${dropped.toFixed(1)}`,
      ];
      const reasons = drops.filter(({ service, rate }) => service === name && rate > 0);
      const named = reasons.map(({ reason, rate }) => ` drop[${reason}]/s=${rate.toFixed(1)}`).join("");
      return `${name}${vni === 0 ? "" : `@${vni}`} ${numbers.join(" ")}${named}\n`;
    })
    .concat(
      tenants
        .filter(({ refusals }) => refusals > 0)
        .map(({ vni, flows, refusals }) => `tenant@${vni} flows=${flows} refused/s=${refusals.toFixed(1)}\n`),
    )
    .join("");

/** The whole screen, from its upper left corner on; what stood there longer is erased. */
const inPlace = (text: string): string => `\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[J`;

function show(session: Session, rates: Rates, at: string): void {
  if (session.format === "json") session.print(`${JSON.stringify({ type: "rates", at, ...rates }, plain)}\n`);
  else if (session.host.stdout.isTTY) session.print(inPlace(screen(session, rates)));
  else session.print(asLines(rates));
}

async function top(session: Session, options: TopOptions): Promise<ExitCode> {
  using signals = catchSignals();
  const node = await nodeOf(session, options);
  const stop = new AbortController();
  const ended = signals.ended.then((signal) => {
    stop.abort();
    return signal;
  });
  let before = await node.status();
  let last = performance.now();
  for (let look = 0; look < (options.count ?? Number.POSITIVE_INFINITY); look++) {
    try {
      await pause(options.interval * 1000, undefined, { signal: stop.signal });
    } catch {
      return exitCodeOfSignal(await ended);
    }
    const now = await node.status();
    const at = performance.now();
    show(session, ratesOf(now, before, (at - last) / 1000), new Date().toISOString());
    [before, last] = [now, at];
  }
  return EXIT.ok;
}

export function topCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "top",
    summary: "show what a live node does: packets, flows and drops per second",
    examples: ["zeta top", "zeta top --interval 5", "zeta top --count 1 --json"],
  })
    .addOption(new Option("--interval <seconds>", "between two looks").argParser(positive).default(1))
    .addOption(new Option("--count <looks>", "end after so many").argParser(whole(1, Number.MAX_SAFE_INTEGER)));
  return runs(withState(command), context, top);
}
