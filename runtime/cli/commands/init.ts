/** `zeta init`: a standalone project from an example. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Command } from "commander";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { displayPath } from "../compiler.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { packageMistake } from "../init/package.ts";
import { isFree, placeProject } from "../init/place.ts";
import { projectFiles } from "../init/project.ts";
import { exampleNames, installation } from "../installation.ts";
import { folderNotEmpty, noSuchInput, notThePackage, projectNotWritten, unknownTemplate, usage } from "../problems.ts";
import type { CommonOptions, Session } from "../session.ts";

interface InitOptions extends CommonOptions {
  readonly template: string;
  readonly zeta?: string;
}

/** npm's rule for names, as far as the last part of a path can break it. */
const PACKAGE_NAME = /^[a-z0-9][a-z0-9._-]*$/;

/** The packed package when one is given, otherwise this very installation. */
function dependency(session: Session, { zeta }: InitOptions): string {
  return `file:${zeta === undefined ? installation().root : session.path(zeta)}`;
}

function init(session: Session, options: InitOptions, given: string): ExitCode {
  const folder = session.path(given);
  const name = basename(folder);
  const known = exampleNames();
  if (!PACKAGE_NAME.test(name)) {
    const message = `'${name}' cannot name a package: lower-case letters, digits, '-', '_' and '.' can.`;
    return session.report([usage(null, message, "zeta init")]);
  }
  if (!known.includes(options.template)) return session.report([unknownTemplate(null, options.template, known)]);
  if (options.zeta !== undefined) {
    const path = session.path(options.zeta);
    if (!existsSync(path)) return session.report([noSuchInput(null, options.zeta)]);
    const mistake = packageMistake(path, installation().package.name);
    if (mistake !== null) return session.report([notThePackage(null, options.zeta, mistake)]);
  }
  if (!isFree(folder)) return session.report([folderNotEmpty(null, given)]);

  const files = projectFiles(name, options.template, dependency(session, options), installation());
  try {
    placeProject(folder, files);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return session.report([projectNotWritten(null, given, reason)]);
  }
  if (session.format === "json") {
    return session.report([], { folder, template: options.template, files: [...files.keys()].sort() });
  }
  const { paintErr: paint } = session;
  session.tell(`${paint.good("made")} ${displayPath(session, folder)} from the example '${options.template}'\n`);
  session.tell(`Next: cd ${given} && npm install && npm test\n`);
  return EXIT.ok;
}

export function initCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "init <name>",
    summary: "make a project from an example",
    examples: ["zeta init firewall --template acl", "zeta init lb --template balancer --zeta ../zeta-0.1.0.tgz"],
  })
    .requiredOption("-t, --template <example>", "the example to start from")
    .option("--zeta <path>", "the packed zeta to depend on (default: this installation)");
  return runs(command, context, init);
}
