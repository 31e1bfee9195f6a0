/** `zeta lab up` and `zeta lab down`. */
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import type { LabService } from "../../lab/standing/define.ts";
import type { ReadyService } from "../../lab/standing/up.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { missingInputs } from "../compiler.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { type NodeOptions, withState } from "../node/options.ts";
import { readConfig } from "../run/config-file.ts";
import { openInput } from "../run/input.ts";
import type { Session } from "../session.ts";
import { labPlace } from "./options.ts";

/** Compiled, with their configs read: what is wrong with them is told before anything is built. Each source is compiled once. */
async function ready(session: Session, folder: string, all: readonly LabService[]): Promise<readonly ReadyService[]> {
  const compiled = new Map<string, ReadyService["what"]>();
  const services: ReadyService[] = [];
  for (const { source, name, vni, config } of all) {
    const path = resolve(folder, source);
    const what = compiled.get(path) ?? (await openInput(session, path, {})).what;
    compiled.set(path, what);
    const given = typeof config === "string" ? readConfig(session, resolve(folder, config)) : config;
    services.push({
      what,
      ...(name === undefined ? {} : { name }),
      ...(vni === undefined ? {} : { vni }),
      ...(given === undefined ? {} : { config: given }),
    });
  }
  return services;
}

async function up(session: Session, options: NodeOptions, file: string): Promise<ExitCode> {
  const missing = missingInputs(session, [file]);
  if (missing.length > 0) return session.report(missing);
  const [{ readLabConfig }, { bringUp, needNoLab }, { statusOfLab }] = await Promise.all([
    import("../../lab/standing/config-file.ts"),
    import("../../lab/standing/up.ts"),
    import("../../lab/standing/status.ts"),
  ]);
  const place = labPlace(session, options);
  needNoLab(place);
  const path = session.path(file);
  const config = await readLabConfig(path, file);
  const services = await ready(session, dirname(path), config.services as readonly LabService[]);
  const [script = ""] = process.argv.slice(1);
  const record = await bringUp(place, {
    config,
    file: path,
    services,
    zeta: [process.execPath, script],
    ...(session.format === "json" ? {} : { tell: (what) => session.tell(`${session.paintErr.faint(what)}\n`) }),
  });
  if (session.format === "json") return session.report([], { lab: await statusOfLab(place, record) });
  const lengths = record.view.chains.map(({ complete }) => complete.length).join(" and ");
  const forwarders = record.view.forwarders.length;
  session.tell(
    `${session.paintErr.good("up")}: forwarders ${forwarders}, chains of ${lengths}; 'zeta lab down' takes it away.\n`,
  );
  return EXIT.ok;
}

async function down(session: Session, options: NodeOptions): Promise<ExitCode> {
  const { takeDown } = await import("../../lab/standing/down.ts");
  const { namespaces, processes } = await takeDown(labPlace(session, options));
  if (session.format === "json") return session.report([], { namespaces, processes });
  const what = `${namespaces.length} namespaces, ${processes.length} processes`;
  session.tell(`${session.paintErr.good("down")}: ${what}\n`);
  return EXIT.ok;
}

export const upCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "up <file>",
        summary: "build a cluster on this machine, of network namespaces, as the config says",
        examples: ["zeta lab up lab.config.ts", "zeta lab up lab.json --state /run/zeta-lab"],
      }),
    ),
    context,
    up,
  );

export const downCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "down",
        summary: "take the lab away, or what a killed command has left of one",
        examples: ["zeta lab down"],
      }),
    ),
    context,
    down,
  );
