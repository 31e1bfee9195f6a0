/** `zeta trace`: chosen packets, followed through a live node. */
import { closeSync, openSync, writeSync } from "node:fs";
import { type Command, Option } from "commander";
import { cannotWrite } from "../../../compiler/bundle/problems.ts";
import { nodeGone } from "../../control/problems.ts";
import { failure } from "../../loader/problems.ts";
import type { TraceOptions } from "../../trace/choose.ts";
import type { TraceRecord } from "../../trace/records.ts";
import { type CommandContext, defineCommand, runs } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { type NodeOptions, nodeOf, serviceOption, whole, withState } from "../node/options.ts";
import { usage } from "../problems.ts";
import type { Session } from "../session.ts";
import { catchSignals, exitCodeOfSignal } from "../signals.ts";

interface Options extends NodeOptions, TraceOptions {
  /** Packets, after which it ends. */
  readonly count?: number;
  /** A path, or "-". */
  readonly pcapng?: string;
}

interface Output {
  write(record: TraceRecord): void;
  close(): void;
}

async function textOutput(session: Session): Promise<Output> {
  const { tracePrinter } = await import("../../trace/text.ts");
  const text = tracePrinter(session.paintOut);
  return { write: (record) => session.print(text(record)), close: () => undefined };
}

async function jsonOutput(session: Session): Promise<Output> {
  const { traceRow } = await import("../../trace/row.ts");
  return { write: (record) => session.print(`${JSON.stringify(traceRow(record))}\n`), close: () => undefined };
}

/**
 * Block by block, so that whoever reads the file meanwhile sees what there is.
 * @throws ZetaError ZT5002, also later, when there is no more room.
 */
async function captureOutput(session: Session, path: string): Promise<Output> {
  const { captureBlock, captureStart } = await import("../../trace/capture.ts");
  const written = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw failure(cannotWrite(null, path, error instanceof Error ? error.message : String(error)), error);
    }
  };
  const file = path === "-" ? null : written(() => openSync(session.path(path), "w"));
  const put = (bytes: Uint8Array): void => {
    if (file === null) session.print(bytes);
    else written(() => writeSync(file, bytes));
  };
  put(captureStart());
  return {
    write(record) {
      const block = captureBlock(record);
      if (block !== null) put(block);
    },
    close: () => {
      if (file !== null) closeSync(file);
    },
  };
}

const outputFor = (session: Session, { pcapng }: Options): Promise<Output> => {
  if (pcapng !== undefined) return captureOutput(session, pcapng);
  return session.format === "json" ? jsonOutput(session) : textOutput(session);
};

const several = (count: number): string => `${count} packet${count === 1 ? "" : "s"}`;

async function trace(session: Session, options: Options): Promise<ExitCode> {
  if (options.pcapng === "-" && session.host.stdout.isTTY)
    return session.report([usage(null, "A capture is not for a terminal: name a file, or pipe it.", "zeta trace")]);
  using signals = catchSignals();
  const node = await nodeOf(session, options);
  const { address, port, protocol, vni, service } = options;
  const given = Object.entries({ address, port, protocol, vni, service }).filter(([, value]) => value !== undefined);
  const followed = await node.trace(Object.fromEntries(given));
  const ended = signals.ended.then((signal) => {
    followed.close();
    return signal;
  });
  let packets = 0;
  let output: Output | null = null;
  try {
    // Not before the node has agreed: what stands in the file is gone by that.
    output = await outputFor(session, options);
    session.tell("Tracing; Ctrl-C ends it.\n");
    for await (const record of followed) {
      output.write(record);
      if (record.step !== "left") continue;
      packets += 1;
      if (packets === options.count) break;
    }
  } finally {
    followed.close();
    output?.close();
  }
  const lost = followed.lost();
  const short = lost === 0 ? "" : `; ${lost} records found no room`;
  session.tell(`${session.paintErr.good("traced")} ${several(packets)}${short}\n`);
  if (packets === options.count) return EXIT.ok;
  const signal = await Promise.race([ended, null]);
  return signal === null ? session.report([nodeGone(null, "it was stopped")]) : exitCodeOfSignal(signal);
}

export function traceCommand(context: CommandContext): Command {
  const command = defineCommand({
    syntax: "trace",
    summary: "follow packets through a live node, step by step",
    examples: [
      "zeta trace --address 10.0.0.7 --port 443 --protocol tcp --count 10",
      "zeta trace --service web --json | jq 'select(.step == \"dropped\")'",
      "zeta trace --vni 7 --pcapng tenant.pcapng",
      "zeta trace --address 10.0.0.0/24 --pcapng - | tshark -r -",
    ],
  })
    .addOption(serviceOption())
    .addOption(new Option("--vni <number>", "of this tenant's network").argParser(whole(0, 2 ** 24 - 1)))
    .option("--address <prefix>", "with an end in this prefix or address, before or after rewriting")
    .addOption(
      new Option("--port <number>", "with this port at an end, before or after rewriting").argParser(whole(1, 65_535)),
    )
    .option("--protocol <name>", "tcp, udp, icmp, icmpv6, or a number")
    .addOption(
      new Option("--count <packets>", "end after so many packets").argParser(whole(1, Number.MAX_SAFE_INTEGER)),
    )
    .option("--pcapng <file>", "write a capture instead, packets before and after; - for standard output");
  return runs(withState(command), context, trace);
}
