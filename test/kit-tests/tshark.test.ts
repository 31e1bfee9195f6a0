/** Wireshark reads our capture files, finds nothing malformed in our packets, and every checksum good. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, describe as group, test } from "vitest";
import { dissect, packets, tcp, writePcap, writePcapng } from "../kit/index.ts";

const run = promisify(execFile);
const MOST_OUTPUT = { maxBuffer: 64 << 20 };

/** Headers are judged, not applications: payload is random, and a port would have it read as DNS or HTTP. */
const JUDGED = new Set(
  "frame eth ethertype vlan ieee8021ad arp ip ipv6 ipv6.hopopts ipv6.dstopts ipv6.routing ipv6.fraghdr tcp udp icmp icmpv6 vxlan geneve data".split(
    " ",
  ),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zeta-tshark-"));
  const { stdout } = await run("tshark", ["-G", "protocols"], MOST_OUTPUT);
  const names = stdout.split("\n").flatMap((line) => line.split("\t")[2] ?? []);
  await writeFile(
    join(folder, "disabled_protos"),
    names.filter((name) => !JUDGED.has(name) && !name.startsWith("_ws")).map((name) => `${name}\n`),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CHECKSUMS = ["ip", "tcp", "udp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);

async function tshark(file: Uint8Array, ...more: readonly string[]): Promise<string[]> {
  const path = join(folder, "capture");
  await writeFile(path, file);
  const settings = { ...MOST_OUTPUT, env: { ...process.env, WIRESHARK_CONFIG_DIR: folder } };
  const { stdout } = await run("tshark", ["-r", path, "-n", ...CHECKSUMS, ...more], settings);
  return stdout.split("\n").filter((line) => line !== "");
}

/**
 * Left out: fragments, whose checksums cannot be judged singly; UDP's zero over IPv6, which Wireshark calls an error in
 * tunnels too; and quotes of routed IPv6 packets, where Wireshark forgets the final destination (outside quotes it does not).
 */
const traffic = packets(77, 500, { broken: 0 }).filter((packet) => {
  const { checksums, places } = dissect(packet.bytes);
  const quotesRoute = places.some(({ path }) => path.endsWith("original.routing"));
  return !quotesRoute && checksums.every(({ verdict }) => verdict === "right");
});
const FAULTS =
  '_ws.malformed or ip.checksum.status == "Bad" or tcp.checksum.status == "Bad" or udp.checksum.status == "Bad" or icmp.checksum.status == "Bad" or icmpv6.checksum.status == "Bad"';

const forms = (["little", "big"] as const).flatMap((endianness) =>
  (["us", "ns"] as const).flatMap((resolution) => [
    {
      name: `pcap, ${endianness} endian, ${resolution}`,
      file: writePcap(
        traffic.map((packet) => packet.bytes),
        { endianness, resolution },
      ),
    },
    {
      name: `pcapng, ${endianness} endian, ${resolution}`,
      file: writePcapng(
        traffic.map((packet, i) => ({ bytes: packet.bytes, interface: i % 2 })),
        { endianness, resolution, interfaces: ["left", "right"] },
      ),
    },
  ]),
);

group.each(forms)("$name", ({ file }) => {
  test("no packet is malformed, no checksum bad", async () => {
    const bad = await tshark(
      file,
      "-Y",
      FAULTS,
      "-T",
      "fields",
      "-e",
      "frame.number",
      "-e",
      "frame.protocols",
      "-e",
      "_ws.expert.message",
    );
    expect(bad).toEqual([]);
  });

  test("every packet is there, at its time", async () => {
    const lines = await tshark(file, "-T", "fields", "-e", "frame.len", "-e", "frame.time_epoch");
    expect(lines.map((line) => Number(line.split("\t")[0]))).toEqual(traffic.map((packet) => packet.bytes.length));
    expect(lines.map((line) => Number(line.split("\t")[1]).toFixed(6))).toEqual(
      traffic.map((_, i) => (i / 1e6).toFixed(6)),
    );
  });
});

test("interfaces keep their names", async () => {
  const file = writePcapng(
    traffic.slice(0, 4).map((packet, i) => ({ bytes: packet.bytes, interface: i % 2 })),
    { interfaces: ["left", "right"] },
  );
  expect(await tshark(file, "-T", "fields", "-e", "frame.interface_name")).toEqual(["left", "right", "left", "right"]);
});

test("the same check finds wrong checksums and malformed packets where they are", async () => {
  const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
  const faulty = [
    client.syn({ checksum: "wrong" }),
    client.syn({ headerChecksum: "wrong" }),
    client.syn({ tcp: { headerLength: 8 } }),
    client.syn(),
  ];
  const lines = await tshark(
    writePcap(faulty.map((packet) => packet.bytes)),

    "-Y",
    `${FAULTS} or tcp.hdr_len < 20`,
    "-T",
    "fields",
    "-e",
    "frame.number",
  );
  expect(lines).toEqual(["1", "2", "3"]);
});
