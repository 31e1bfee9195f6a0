/** `zeta config get|set`: the config of a service of a live node. */
import type { Command } from "commander";
import { unknownField } from "../../config/problems.ts";
import type { NodeClient } from "../../control/client.ts";
import { failure } from "../../loader/problems.ts";
import { type CommandContext, defineCommand, defineGroup, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { chosenService, type NodeOptions, nodeOf, serviceOption, withState } from "../node/options.ts";
import { usage } from "../problems.ts";
import { readConfig } from "../run/config-file.ts";
import type { Session } from "../session.ts";

interface ConfigOptions extends NodeOptions {
  readonly service?: string;
  readonly file?: string;
}

async function get(session: Session, options: ConfigOptions, path?: string): Promise<ExitCode> {
  const node = await nodeOf(session, options);
  const service = await chosenService(node, options.service);
  if (path === undefined) {
    const config = await node.config(service);
    if (session.format === "json") return session.report([], { service, config });
    session.print(`${JSON.stringify(config, null, 2)}\n`);
    return EXIT.ok;
  }
  const { value, known, paths } = await node.field(service, path);
  if (!known) throw failure(unknownField(null, path, paths));
  if (session.format === "json") return session.report([], { service, path, value });
  session.print(`${JSON.stringify(value, null, 2)}\n`);
  return EXIT.ok;
}

/** JSON where it is JSON, text otherwise: `10.2.0.1:80` needs no quotes. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether the node is one of a cluster's. What has been set is set, whatever comes of the question. */
const isMember = (node: NodeClient): Promise<boolean> =>
  node.clusterStatus().then(
    () => true,
    () => false,
  );

const OTHERS =
  "This node is one of a cluster: the others keep the config that they have until each is told too (--state says which).";

async function set(session: Session, options: ConfigOptions, path?: string, value?: string): Promise<ExitCode> {
  const { file } = options;
  if ((file === undefined) === (path === undefined) || (path === undefined) !== (value === undefined)) {
    const sentence = "Say a PATH and its VALUE, or --file with all of the config.";
    return session.report([usage(null, sentence, "zeta config set")]);
  }
  const whole = file === undefined ? undefined : readConfig(session, file);
  const node = await nodeOf(session, options);
  const service = await chosenService(node, options.service);
  const generation =
    whole === undefined
      ? await node.setConfig(service, path ?? "", readValue(value ?? ""))
      : await node.setConfig(service, whole);
  const member = await isMember(node);
  if (session.format === "json") return session.report([], { service, generation, member });
  session.tell(`${session.paintErr.good("set")} ${path ?? "the config"} of ${service}: generation ${generation}\n`);
  if (member) session.tell(`${OTHERS}\n`);
  return EXIT.ok;
}

const getCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "get [path]",
        summary: "print the config that serves, or one field of it; secrets are left out",
        examples: ["zeta config get", "zeta config get balancer.backends --service web"],
      }),
    ).addOption(serviceOption()),
    context,
    get,
  );

const setCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "set [path] [value]",
        summary: "replace one field, or all of the config, while traffic runs",
        examples: [
          "zeta config set acl.perSecond 500",
          `zeta config set balancer.backends '["10.2.0.1:80", "10.2.0.2:80"]' --service web`,
          "zeta config set --file config.json",
        ],
      }),
    )
      .addOption(serviceOption())
      .option("-f, --file <file>", "JSON: all of the config"),
    context,
    set,
  );

export const configCommand = (context: CommandContext): Command =>
  defineGroup(
    {
      name: "config",
      summary: "read and change the config of a service of a live node",
      examples: ["zeta config get", "zeta config set acl.perSecond 500"],
    },
    [getCommand(context), setCommand(context)],
  );
