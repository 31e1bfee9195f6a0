/** Wireshark reads our capture files, finds nothing malformed in our packets, and every checksum good. */
import { afterAll, beforeAll, expect, describe as group, test } from "vitest";
import { dissect, packets, tcp, writePcap, writePcapng } from "../kit/index.ts";
import { FAULTS, startWireshark, type Wireshark } from "./wireshark.ts";

let wireshark: Wireshark;
beforeAll(async () => {
  wireshark = await startWireshark();
});
afterAll(() => wireshark.close());

/**
 * Left out: fragments, whose checksums cannot be judged singly; UDP's zero over IPv6, which Wireshark calls an error in
 * tunnels too; and quotes of routed IPv6 packets, where Wireshark forgets the final destination (outside quotes it does not).
 */
const traffic = packets(77, 500, { broken: 0 }).filter((packet) => {
  const { checksums, places } = dissect(packet.bytes);
  const quotesRoute = places.some(({ path }) => path.endsWith("original.routing"));
  return !quotesRoute && checksums.every(({ verdict }) => verdict === "right");
});
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
    const bad = await wireshark.read(
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
    const lines = await wireshark.read(file, "-T", "fields", "-e", "frame.len", "-e", "frame.time_epoch");
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
  expect(await wireshark.read(file, "-T", "fields", "-e", "frame.interface_name")).toEqual([
    "left",
    "right",
    "left",
    "right",
  ]);
});

test("the same check finds wrong checksums and malformed packets where they are", async () => {
  const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
  const faulty = [
    client.syn({ checksum: "wrong" }),
    client.syn({ headerChecksum: "wrong" }),
    client.syn({ tcp: { headerLength: 8 } }),
    client.syn(),
  ];
  const lines = await wireshark.read(
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
