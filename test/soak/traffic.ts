/** What clients do through their services: each function goes one way once, and says how it went. */

import { lastWords } from "./last-words.ts";
import { bracketed, PORTS, streamPort } from "./networks.ts";
import type { LargeFile, Way } from "./world.ts";

const urlOf = ({ host }: Way, path: string): string => `http://${bracketed(host)}/${path}`;

/** curl's, of the large file. `rate` as curl takes it: "500K" bytes a second. @returns SHA-256 of what came */
export async function download(way: Way, rate = "100M"): Promise<string> {
  const curl = `curl -gsS --fail --limit-rate ${rate} --max-time 90 "$0" | sha256sum`;
  const words = ["-o", "pipefail", "-c", curl, urlOf(way, "files/large")];
  const { stdout } = await way.client.run("bash", words, { timeout: 120_000 });
  return stdout.split(" ")[0] ?? "";
}
export const isWhole = (digest: string, large: LargeFile): boolean => digest === large.digest;

export interface Echoed {
  readonly sent: number;
  readonly received: number;
}

/** One ping, all of whose echoes have one identifier, `pause` seconds apart. @returns what ends it */
export async function startPing({ client, host }: Way, pause: number): Promise<() => Promise<Echoed>> {
  const pinging = await client.start("ping", ["-n", "-i", `${pause}`, host], { ready: { prints: /PING/ } });
  return async () => {
    const [sent, received] = await lastWords(pinging, "SIGINT", /(\d+) packets transmitted, (\d+) received/);
    return { sent: Number(sent), received: Number(received) };
  };
}

interface Sum {
  readonly bytes: number;
  readonly packets: number;
  readonly lost_packets: number;
}

async function iperf(way: Way, words: readonly string[]): Promise<{ readonly sum: Sum; readonly sum_received: Sum }> {
  // A server that goes on would have its next client wait for the one before.
  const own = ["-s", "-1", "-p", `${PORTS.streams[way.family]}`];
  await using _ = await way.server.start("iperf3", own, {
    ready: { listening: PORTS.streams[way.family] },
    timeout: 60_000,
  });
  const port = streamPort(way.network.service, way.family);
  const all = ["-c", way.host, "-p", `${port}`, "--json", "--connect-timeout", "20000", ...words];
  const { stdout } = await way.client.run("iperf3", all, { timeout: 120_000 });
  const { end, error } = JSON.parse(stdout);
  if (end.sum === undefined && end.sum_received === undefined) throw new Error(error ?? stdout);
  return end;
}

/** iperf3's, by TCP. @returns bytes that came */
export const stream = async (way: Way, ...words: readonly string[]): Promise<number> =>
  (await iperf(way, words)).sum_received.bytes;

/** It begins with a datagram that is to be answered, and gives up when one of the two is lost. */
const NOT_BEGUN = /unable to read from stream socket/;

/** iperf3's, by UDP: `bits` a second. */
export async function datagrams(way: Way, seconds: number, bits: string, ...words: readonly string[]) {
  try {
    const { sum } = await iperf(way, ["-u", "-b", bits, "-l", "500", "-t", `${seconds}`, ...words]);
    return { sent: sum.packets, lost: sum.lost_packets };
  } catch (error) {
    if (error instanceof Error && NOT_BEGUN.test(error.message)) return { sent: 1, lost: 1 };
    throw error;
  }
}
