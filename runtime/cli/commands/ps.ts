/** `zeta ps`: what runs, and what earlier runs left, even killed ones. */
import type { Command } from "commander";
import type { InterfaceProgram } from "../../attach/listing.ts";
import type { FoundRun } from "../../attach/runs.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { type NodeOptions, stateOf, withState } from "../node/options.ts";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

interface PsOptions extends NodeOptions {
  readonly all?: boolean;
}

function runRow(run: FoundRun, { paintOut: paint }: Session): readonly string[] {
  const where = run.attachments.map(
    ({ interface: on, mode, namespace }) => `${namespace === null ? "" : `${namespace}:`}${on} (${mode})`,
  );
  return [
    paint.strong(run.id),
    run.live ? paint.good("live") : paint.warning("left behind"),
    String(run.pid),
    run.service ?? "-",
    where.join(", ") || "-",
    run.started.replace(/\.\d+Z$/, "Z"),
  ];
}

const attachmentRow = (found: InterfaceProgram): readonly string[] => [
  found.interface,
  found.mode,
  `${found.program ?? "?"} (id ${found.programId})`,
  found.run === null ? "-" : found.run.id,
];

async function ps(session: Session, options: PsOptions): Promise<ExitCode> {
  const [{ listRuns, strayRuns }, { summaryOf }, { placeOf }] = await Promise.all([
    import("../../attach/runs.ts"),
    import("../../lab/standing/record.ts"),
    import("../../lab/standing/place.ts"),
  ]);
  const where = stateOf(session, options);
  const found = listRuns(where.state);
  const stray = strayRuns(where.state);
  const lab = summaryOf(placeOf(where.state));
  const attachments =
    options.all === true
      ? await import("../../attach/listing.ts").then(({ listAttachments }) => listAttachments(where))
      : null;
  if (session.format === "json") {
    return session.report([], { runs: found, stray, lab, ...(attachments === null ? {} : { attachments }) });
  }
  const { paintOut: paint } = session;
  if (found.length === 0 && stray.length === 0 && lab === null)
    session.tell("Nothing is running, and nothing was left behind.\n");
  if (lab !== null)
    session.print(
      lab.whole
        ? `${paint.strong("lab")} of ${lab.members} members in ${lab.folder}: 'zeta lab status' shows them\n`
        : `${paint.strong("lab")}, ${paint.warning("a part of one")}, in ${lab.folder}: 'zeta lab down' takes it away\n`,
    );
  if (found.length > 0 || stray.length > 0) {
    const head = ["run", "state", "process", "service", "interfaces", "started"].map(paint.faint);
    const strayRows = stray.map((id) => [paint.strong(id), paint.warning("left behind"), "-", "-", "-", "-"]);
    session.print(textTable([head, ...found.map((run) => runRow(run, session)), ...strayRows]));
  }
  if (attachments !== null && attachments.length > 0) {
    const head = ["interface", "mode", "program", "run"].map(paint.faint);
    session.print(`\n${textTable([head, ...attachments.map(attachmentRow)])}`);
  }
  return EXIT.ok;
}

export const psCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "ps",
        summary: "list what runs, and what earlier runs left behind",
        examples: ["zeta ps", "zeta ps --all", "zeta ps --json", "zeta ps --state /run/zeta-edge"],
      }),
    ).option("-a, --all", "list every XDP program of this network namespace too, whoever attached it"),
    context,
    ps,
  );
