/** `zeta node add`, `upgrade` and `remove`. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Plain } from "../../control/client.ts";
import { SERVICE_NAME, SERVICE_NAME_RULE } from "../../control/service-name.ts";
import type { ServiceStatus } from "../../control/status.ts";
import { failure } from "../../loader/problems.ts";
import { badCanaries } from "../../node/problems.ts";
import { type CompilerOptions, withCompilerOptions } from "../build/options.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { localized } from "../compiler.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { readConfig } from "../run/config-file.ts";
import { openInput } from "../run/input.ts";
import { isForPeople, type Session } from "../session.ts";
import { type NodeOptions, nodeOf, whole, withState } from "./options.ts";

interface AddOptions extends NodeOptions, CompilerOptions {
  readonly config?: string;
  readonly name?: string;
  readonly vni?: number;
}

interface UpgradeOptions extends NodeOptions, CompilerOptions {
  readonly config?: string;
  readonly freshState?: boolean;
  /** A file, or false for --no-canaries. */
  readonly canaries?: string | boolean;
}

const MOST_NETWORKS = 2 ** 24 - 1;

const nodeName = (text: string): string => {
  if (SERVICE_NAME.test(text)) return text;
  throw new InvalidArgumentError(`${SERVICE_NAME_RULE.charAt(0).toUpperCase()}${SERVICE_NAME_RULE.slice(1)}.`);
};

function done(session: Session, verb: string, service: Plain<ServiceStatus>): ExitCode {
  if (session.format === "json") return session.report([], { service });
  const listens = service.listen === "everything" ? "all traffic" : service.listen.join(", ") || "nothing";
  const network = service.vni === 0 ? "" : ` of network ${service.vni}`;
  session.tell(`${session.paintErr.good(verb)} ${service.name}: ${listens}${network}\n`);
  return EXIT.ok;
}

async function add(session: Session, options: AddOptions, input: string): Promise<ExitCode> {
  const node = await nodeOf(session, options);
  const { what } = await openInput(session, input, options);
  const { name, vni, config } = options;
  const service = await localized(session, input, () =>
    node.add(what, {
      ...(name === undefined ? {} : { name }),
      ...(vni === undefined ? {} : { vni }),
      ...(config === undefined ? {} : { config: readConfig(session, config) }),
    }),
  );
  return done(session, "added", service);
}

/** The file that was named, or the one beside the service: service.canaries.json, canaries.json in a bundle. */
function canaryFile(session: Session, input: string, given: UpgradeOptions["canaries"]): string | null {
  if (given === false) return null;
  if (typeof given === "string") return given;
  const beside = statSync(session.path(input)).isDirectory()
    ? join(input, "canaries.json")
    : input.replace(/\.[cm]?[jt]s$/, ".canaries.json");
  return beside !== input && existsSync(session.path(beside)) ? beside : null;
}

async function canariesOf(session: Session, file: string): Promise<{ readonly file: string; readonly content: never }> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(session.path(file), "utf8"));
  } catch (cause) {
    throw failure(badCanaries(null, file, cause instanceof Error ? cause.message : String(cause)), cause);
  }
  const { readCanaries } = await import("../../node/canary-file.ts");
  readCanaries(file, content);
  return { file, content: content as never };
}

async function upgrade(session: Session, options: UpgradeOptions, name: string, input: string): Promise<ExitCode> {
  const node = await nodeOf(session, options);
  const { what } = await openInput(session, input, options);
  const file = canaryFile(session, input, options.canaries);
  const canaries = file === null ? undefined : await canariesOf(session, file);
  const { config, freshState } = options;
  const service = await localized(session, input, () =>
    node.upgrade(name, what, {
      ...(config === undefined ? {} : { config: readConfig(session, config) }),
      ...(freshState === undefined ? {} : { freshState }),
      ...(canaries === undefined ? {} : { canaries }),
    }),
  );
  if (isForPeople(session) && canaries !== undefined) session.tell(`Canaries of ${file}: all as expected.\n`);
  return done(session, "upgraded", service);
}

async function remove(session: Session, options: NodeOptions, name: string): Promise<ExitCode> {
  const node = await nodeOf(session, options);
  await node.remove(name);
  if (session.format === "json") return session.report([], { removed: name });
  session.tell(`${session.paintErr.good("removed")} ${name}\n`);
  return EXIT.ok;
}

export function addCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "add <input>",
    summary: "add a service to the node: a source file, or a bundle",
    examples: [
      "zeta node add service.ts --config config.json",
      "zeta node add build/balancer --config web.json --name web",
      "zeta node add firewall.ts --config tenant.json --vni 7 --name tenant-7",
    ],
  })
    .option("-c, --config <file>", "JSON: the config of the service, which must be complete")
    .addOption(new Option("-n, --name <name>", "what the node calls it; its own name unless told").argParser(nodeName))
    .addOption(
      new Option("--vni <number>", "the tenant's network of its addresses").argParser(whole(0, MOST_NETWORKS)),
    );
  return runs(withState(withCompilerOptions(command)), context, add);
}

export function upgradeCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "upgrade <name> <input>",
    summary: "put another version in a service's place, without losing a packet",
    examples: [
      "zeta node upgrade web service.ts",
      "zeta node upgrade web build/balancer --config web.json",
      "zeta node upgrade web service.ts --canaries web.canaries.json",
    ],
  })
    .option("-c, --config <file>", "JSON: another config; the one that serves is carried over unless told")
    .option("--canaries <file>", "packets to try it on; the file beside the service unless told")
    .option("--no-canaries", "try no packets")
    .option("--fresh-state", "begin empty with state whose layout has changed");
  return runs(withState(withCompilerOptions(command)), context, upgrade);
}

export const removeCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "remove <name>",
        summary: "take a service off the node; its packets are the host's from then on",
        examples: ["zeta node remove web"],
      }),
    ),
    context,
    remove,
  );
