/** `zeta lab status` and `zeta lab view`. */
import { type Command, Option } from "commander";
import type { Anew } from "../../lab/standing/anew.ts";
import type { LabStatus, MemberStatus, ViewStatus } from "../../lab/standing/status.ts";
import type { ViewChange } from "../../lab/standing/view.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { type NodeOptions, whole, withState } from "../node/options.ts";
import { usage } from "../problems.ts";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";
import { labOf, labPlace } from "./options.ts";

const anewText = ({ decidesFrom }: Anew): string =>
  decidesFrom === undefined ? "" : `; begins anew, decides from ${decidesFrom} on`;

function placeText({ chain, listed }: MemberStatus): string {
  if (chain === null) return listed ? "takes packets" : "taken out";
  const last = chain.place === chain.of - 1;
  const role = chain.of === 1 ? "alone" : chain.place === 0 ? "head" : last ? "tail" : "middle";
  return `chain ${chain.id}, ${role}${anewText(chain)}`;
}

function print({ print: out, paintOut: paint }: Session, lab: LabStatus): void {
  const good = (text: string, isGood: boolean): string => (isGood ? paint.good(text) : paint.warning(text));
  const services = lab.services.join(", ") || "no services";
  out(`${paint.strong("lab")} of ${lab.config}, since ${lab.built}; ${services}; epoch ${lab.epoch}\n`);
  const head = ["member", "node", "address", "agent", "data", "epoch", "flows", "place"].map(paint.faint);
  const rows = lab.members.map((one) => [
    paint.strong(one.name),
    String(one.id),
    one.address,
    good(one.agent, one.agent === "runs"),
    good(one.data, one.data === "up"),
    one.epoch === null ? "-" : good(String(one.epoch), one.epoch === lab.epoch),
    String(one.flows ?? "-"),
    placeText(one),
  ]);
  out(textTable([head, ...rows], ["left", "right", "left", "left", "left", "right", "right", "left"]));
  const hosts = lab.hosts.map(({ name, kind, addresses, vni }) => [
    paint.strong(name),
    vni === undefined ? kind : `${kind} ${vni}`,
    addresses.join(", "),
  ]);
  out(`\n${textTable([["namespace", "kind", "addresses"].map(paint.faint), ...hosts])}`);
}

async function status(session: Session, options: NodeOptions): Promise<ExitCode> {
  const { place, record } = labOf(session, options);
  const { statusOfLab } = await import("../../lab/standing/status.ts");
  const lab = await statusOfLab(place, record);
  if (session.format === "json") return session.report([], { lab });
  print(session, lab);
  return EXIT.ok;
}

interface ViewOptions extends NodeOptions {
  readonly without?: readonly string[];
  readonly with?: readonly string[];
  readonly chain?: readonly string[];
  readonly dissolve?: number;
  readonly replace?: number;
  readonly by?: readonly string[];
  readonly force?: true;
}

function printView({ print: out, paintOut: paint }: Session, { epoch, forwarders, chains }: ViewStatus): void {
  out(`epoch ${paint.strong(String(epoch))}\nforwarders: ${forwarders.join(", ") || "none"}\n`);
  for (const chain of chains)
    out(`chain ${chain.id}: ${chain.members.join(" → ")}, ${chain.buckets} buckets${anewText(chain)}\n`);
}

/** What the options say together. */
function changeIn({ replace, by, force, ...rest }: ViewOptions): ViewChange | null {
  if (replace === undefined) return by === undefined && force === undefined ? rest : null;
  return by === undefined ? null : { ...rest, replace: { chain: replace, by, force: force === true } };
}

async function view(session: Session, options: ViewOptions): Promise<ExitCode> {
  const change = changeIn(options);
  if (change === null) {
    const sentence = "--replace, which names the chain, goes with --by, which names its new nodes; --force, with both.";
    return session.report([usage(null, sentence, "zeta lab view")]);
  }
  const [{ changeView }, { viewByNames }] = await Promise.all([
    import("../../lab/standing/view.ts"),
    import("../../lab/standing/status.ts"),
  ]);
  const record = await changeView(labPlace(session, options), change);
  const now = viewByNames(record);
  if (session.format === "json") return session.report([], { view: now });
  printView(session, now);
  return EXIT.ok;
}

export const statusCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "status",
        summary: "show the lab's members and namespaces, and how they are",
        examples: ["zeta lab status", "zeta lab status --json"],
      }),
    ),
    context,
    status,
  );

export const viewCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "view",
        summary: "put a view of the cluster in force, the one there is unless told, and show it",
        examples: [
          "zeta lab view",
          "zeta lab view --without table1-1 forwarder2",
          "zeta lab view --with forwarder2 table1-1",
          "zeta lab view --dissolve 1",
          "zeta lab view --chain table2-1 table2-2",
          "zeta lab view --without table2-2 --replace 0 --by table2-2",
        ],
      }),
    )
      .option("--without <name...>", "members that are lost: it goes without them")
      .option("--with <name...>", "members that are in it again; flow-table nodes are filled first")
      .option("--chain <name...>", "flow-table nodes of no chain that become one, and take over buckets")
      .addOption(
        new Option("--dissolve <chain>", "a chain whose buckets the others take over").argParser(whole(0, 65_535)),
      )
      .addOption(
        new Option("--replace <chain>", "a chain whose members are all lost: it begins anew, with nothing").argParser(
          whole(0, 65_535),
        ),
      )
      .option("--by <name...>", "with --replace: the flow-table nodes of no other chain that it is from now on")
      .option("--force", "with --replace: also while members of it run, whose decisions are lost then"),
    context,
    view,
  );
