/** `zeta lab exec` and `zeta lab capture`: other programs, in a namespace of the lab. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { type Command, Option } from "commander";
import { commandFailed, commandMissing, noSuchPart } from "../../lab/problems.ts";
import { namespaceNamed } from "../../lab/standing/parts.ts";
import { failure } from "../../loader/problems.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { type ExitCode, exitOfCommand } from "../exit.ts";
import { type NodeOptions, whole, withState } from "../node/options.ts";
import type { Session } from "../session.ts";
import { labOf } from "./options.ts";

/**
 * With our own standard streams, and ended when we are. Gives its exit code, 128 and more for a signal, as shells do.
 * @throws ZetaError: ZT7001.
 */
function inNamespace(path: string, words: readonly [string, ...string[]]): Promise<ExitCode> {
  const [command] = words;
  const child = spawn("nsenter", [`--net=${path}`, "--", ...words], { stdio: "inherit" });
  // A terminal's Ctrl-C is sent to both of us; it is the command's to decide what becomes of it.
  const wait = (): void => undefined;
  const pass = (): void => void child.kill("SIGTERM");
  process.on("SIGINT", wait).on("SIGTERM", pass);
  return new Promise<ExitCode>((resolve, reject) => {
    child.once("error", (error) => reject(failure(commandFailed(null, command, "did not start", ""), error)));
    child.once("exit", (status, signal) =>
      resolve(exitOfCommand(status ?? 128 + (signal === null ? 0 : constants.signals[signal]))),
    );
  }).finally(() => {
    process.off("SIGINT", wait).off("SIGTERM", pass);
  });
}

async function exec(session: Session, options: NodeOptions, name: string, words: string[]): Promise<ExitCode> {
  const { place, record } = labOf(session, options);
  const { path } = namespaceNamed(place, record, name);
  const [first = "", ...rest] = words;
  return inNamespace(path, [first, ...rest]);
}

/** What nsenter(1), as shells do, ends with when there is no such command. */
const NOT_FOUND = exitOfCommand(127);

interface CaptureOptions extends NodeOptions {
  readonly interface?: string;
  readonly count?: number;
}

/** All that goes to a member and comes from it is seen at the far ends of its cables: XDP takes it before its own ends show it. */
async function capture(session: Session, options: CaptureOptions, name: string, file: string): Promise<ExitCode> {
  const { place, record } = labOf(session, options);
  const member = record.members.find((one) => one.name === name);
  const of = options.interface ?? (member === undefined ? "net" : "wire");
  const tap = member === undefined ? { namespace: name, interface: of } : member.taps[of];
  if (tap === undefined) throw failure(noSuchPart(null, `interface of ${name}`, of, Object.keys(member?.taps ?? {})));
  const { path } = namespaceNamed(place, record, tap.namespace);
  const to = file === "-" ? "-" : session.path(file);
  const count = options.count === undefined ? [] : ["-c", `${options.count}`];
  const code = await inNamespace(path, ["dumpcap", "-q", "-i", tap.interface, ...count, "-w", to]);
  if (code === NOT_FOUND) throw failure(commandMissing(null, "dumpcap"));
  return code;
}

export const execCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "exec <name> <command...>",
        summary: "run a command in one of the lab's namespaces; its exit code is the command's",
        examples: ["zeta lab exec client1 -- curl http://10.1.0.1/", "zeta lab exec router -- ip route"],
      }),
    ),
    context,
    exec,
  );

export const captureCommand = (context: CommandContext): Command =>
  runs(
    withState(
      defineCommand({
        syntax: "capture <name> <file>",
        summary: "write what passes at an interface as pcapng, until Ctrl-C; - is standard output",
        examples: [
          "zeta lab capture table1-1 head.pcapng",
          "zeta lab capture forwarder1 --interface front - | tshark -r -",
          "zeta lab capture client1 client.pcapng --count 100",
        ],
      }),
    )
      .option("-i, --interface <name>", "of a member 'wire' or 'front', of others 'net', or the one named")
      .addOption(new Option("--count <packets>", "end after so many").argParser(whole(1, 1e9))),
    context,
    capture,
  );
