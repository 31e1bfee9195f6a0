/** Wireshark as a judge of packets: with all checksum checks on, and no guessing of applications. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Packet, writePcap } from "../kit/index.ts";

const run = promisify(execFile);
const MOST_OUTPUT = { maxBuffer: 64 << 20 };

/** Headers are judged, not applications: payload is random, and a port would have it read as DNS or HTTP. */
const JUDGED = new Set(
  "frame eth ethertype vlan ieee8021ad arp ip ipv6 ipv6.hopopts ipv6.dstopts ipv6.routing ipv6.fraghdr tcp udp icmp icmpv6 vxlan geneve data".split(
    " ",
  ),
);

const CHECKSUMS = ["ip", "tcp", "udp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);

export interface Wireshark {
  /** Reads a capture file; gives tshark's lines. */
  read(file: Uint8Array, ...settings: readonly string[]): Promise<string[]>;
  /** Of these packets, a line for each that is malformed or has a wrong checksum: its index, protocols and fault. */
  faults(packets: readonly Packet[], filter?: string): Promise<string[]>;
  close(): Promise<void>;
}

export const FAULTS =
  '_ws.malformed or ip.checksum.status == "Bad" or tcp.checksum.status == "Bad" or udp.checksum.status == "Bad" or icmp.checksum.status == "Bad" or icmpv6.checksum.status == "Bad"';
/** The same without transport checksums: in a quote that is cut, Wireshark sums up what is there. */
export const FAULTS_OF_CUT_QUOTES =
  '_ws.malformed or ip.checksum.status == "Bad" or icmp.checksum.status == "Bad" or icmpv6.checksum.status == "Bad"';
const FIELDS = ["frame.number", "frame.protocols", "_ws.expert.message"];

export async function startWireshark(): Promise<Wireshark> {
  const folder = await mkdtemp(join(tmpdir(), "zeta-tshark-"));
  const { stdout } = await run("tshark", ["-G", "protocols"], MOST_OUTPUT);
  const names = stdout.split("\n").flatMap((line) => line.split("\t")[2] ?? []);
  await writeFile(
    join(folder, "disabled_protos"),
    names.filter((name) => !JUDGED.has(name) && !name.startsWith("_ws")).map((name) => `${name}\n`),
  );

  const read: Wireshark["read"] = async (file, ...more) => {
    const path = join(folder, "capture");
    await writeFile(path, file);
    const settings = { ...MOST_OUTPUT, env: { ...process.env, WIRESHARK_CONFIG_DIR: folder } };
    const { stdout } = await run("tshark", ["-r", path, "-n", ...CHECKSUMS, ...more], settings);
    return stdout.split("\n").filter((line) => line !== "");
  };
  return {
    read,
    faults: (packets, filter = FAULTS) =>
      read(
        writePcap(packets.map((packet) => packet.bytes)),
        ...["-Y", filter, "-T", "fields", ...FIELDS.flatMap((field) => ["-e", field])],
      ),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
