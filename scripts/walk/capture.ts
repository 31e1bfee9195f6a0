/**
 * A new connection through a cluster, captured on the cluster's wire: a real lab (examples/balancer/lab.config.ts), curl, nginx, and
 * `zeta lab capture`, read by tshark with the project's dissector.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { LabStatus } from "../../runtime/lab/standing/status.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const COMMAND = join(root, "runtime/cli/main.ts");
const PORT = 40_000;
/** Milliseconds for the last packets of a connection to have passed. */
const PATIENCE = 20_000;

/** What a reader types, in this order; the third line needs the second to have begun. */
export const COMMANDS = {
  up: "zeta lab up examples/balancer/lab.config.ts",
  capture: "zeta lab capture wire new-flow.pcapng --interface bridge",
  request: `zeta lab exec client1 -- curl -sS --local-port ${PORT} http://10.1.0.1/`,
  first: [
    "tshark -X lua_script:docs/wireshark/zeta.lua -r new-flow.pcapng -Y 'zeta && tcp.flags == 0x002' -T fields",
    "-E occurrence=f -e ip.src -e ip.dst -e zeta.operation -e zeta.place -e zeta.hops -e zeta.to.destination",
  ],
  second: "tshark -X lua_script:docs/wireshark/zeta.lua -r new-flow.pcapng -Y 'frame.number == 2' -O zeta",
} as const;

/** An operation on its way from one member to another, by their names. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  /** Name of the operation. */
  readonly operation: string;
  readonly place: number;
  readonly hops: number;
  /** The tenant's packet behind it, by its flags of TCP. */
  readonly packet: string;
}

export interface CapturedWalk {
  /** Of the whole connection, in order. */
  readonly hops: readonly Hop[];
  /** What tshark prints by `COMMANDS.first`: of the first packet alone. */
  readonly first: readonly string[];
  /** The second operation in full, as tshark has it. */
  readonly second: readonly string[];
  /** Members of chains from head to tail, by names. */
  readonly chains: readonly (readonly string[])[];
}

const FLAGS: readonly (readonly [number, string])[] = [
  [0x02, "SYN"],
  [0x01, "FIN"],
  [0x04, "RST"],
  [0x10, "ACK"],
];
const flagsOf = (bits: number): string =>
  FLAGS.filter(([bit]) => (bits & bit) !== 0)
    .map(([, name]) => name)
    .join(", ");

async function tshark(file: string, ...words: readonly string[]): Promise<string[]> {
  const script = join(root, "docs/wireshark/zeta.lua");
  const { stdout } = await run("tshark", ["-X", `lua_script:${script}`, "-r", file, ...words]);
  return stdout.split("\n").filter((line) => line !== "");
}

const fields = (names: readonly string[]): string[] => [
  ...["-T", "fields", "-E", "occurrence=f"],
  ...names.flatMap((name) => ["-e", name]),
];

async function hopsOf(file: string, names: ReadonlyMap<string, string>): Promise<Hop[]> {
  const wanted = ["ip.src", "ip.dst", "zeta.operation", "zeta.place", "zeta.hops", "tcp.flags", "_ws.col.Info"];
  const lines = await tshark(file, "-Y", `zeta && tcp.port == ${PORT}`, ...fields(wanted));
  return lines.map((line) => {
    const [from = "", to = "", , place, hops, flags, info = ""] = line.split("\t");
    return {
      from: names.get(from) ?? from,
      to: names.get(to) ?? to,
      operation: /^Zeta (\w+)/.exec(info)?.[1] ?? info,
      place: Number(place),
      hops: Number(hops),
      packet: flagsOf(Number(flags)),
    };
  });
}

/** Both ends have said that they are done, and that has been stored. */
const isOver = (hops: readonly Hop[]): boolean =>
  hops.filter(({ packet, operation }) => packet.includes("FIN") && operation === "Reply").length === 2;

/** Builds a lab, and leaves nothing of it. It needs root, as labs do. */
export async function captureWalk(): Promise<CapturedWalk> {
  const folder = mkdtempSync(join(tmpdir(), "zeta-walk-"));
  const environment = { ...process.env, ZETA_STATE: join(folder, "state") };
  const zeta = (words: string) => run(process.execPath, [COMMAND, ...words.split(" ").slice(1)], { env: environment });
  try {
    await zeta(COMMANDS.up.replace("examples", join(root, "examples")));
    const { lab } = JSON.parse((await zeta("zeta lab status --json")).stdout) as { lab: LabStatus };
    const names = new Map(lab.members.map(({ address, name }) => [address, name]));
    const file = join(folder, "new-flow.pcapng");
    const [, ...words] = COMMANDS.capture.replace("new-flow.pcapng", file).split(" ");
    const capture = spawn(process.execPath, [COMMAND, ...words], {
      env: environment,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = once(capture, "exit");
    await new Promise<void>((begun, failed) => {
      capture.stderr.on("data", (said: Buffer) => said.includes("Capturing") && begun());
      capture.once("exit", () => failed(new Error("'zeta lab capture' ended before it began.")));
    });
    await zeta(COMMANDS.request);
    for (const until = Date.now() + PATIENCE; Date.now() < until; await pause(100))
      if (isOver(await hopsOf(file, names).catch(() => []))) break;
    capture.kill("SIGTERM");
    await ended;
    return {
      hops: await hopsOf(file, names),
      first: await tshark(
        file,
        ...["-Y", "zeta && tcp.flags == 0x002"],
        ...fields(["ip.src", "ip.dst", "zeta.operation", "zeta.place", "zeta.hops", "zeta.to.destination"]),
      ),
      second: await tshark(file, "-Y", "frame.number == 2", "-O", "zeta"),
      chains: [...new Set(lab.members.map(({ chain }) => chain?.id))]
        .filter((id) => id !== undefined)
        .map((id) => lab.members.filter(({ chain }) => chain?.id === id).map(({ name }) => name)),
    };
  } finally {
    await zeta("zeta lab down").catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}
