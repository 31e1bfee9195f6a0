/** Capture files: what is written reads back the same, and files cut off anywhere read as far as they go. */
import { describe, expect, test } from "vitest";
import { packets, readCapture, tcp, writePcap, writePcapng } from "../kit/index.ts";

const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const traffic = packets(2, 40).map((packet, i) => ({
  bytes: packet.bytes,
  time: 1_700_000_000_123_456_789n + BigInt(i) * 1_000_001n,
  originalLength: packet.bytes.length,
  interface: i % 3,
}));
const forms = (["little", "big"] as const).flatMap((endianness) =>
  (["ns", "us"] as const).map((resolution) => ({ endianness, resolution })),
);
const rounded = (time: bigint, resolution: "ns" | "us") => (resolution === "ns" ? time : (time / 1000n) * 1000n);

describe.each(forms)("$endianness endian, $resolution", ({ endianness, resolution }) => {
  test("pcap", () => {
    const capture = readCapture(writePcap(traffic, { endianness, resolution }));
    expect(capture).toMatchObject({ format: "pcap", stopped: null, interfaces: [{ linkType: 1, resolution }] });
    expect(capture.packets).toEqual(
      traffic.map((packet) => ({ ...packet, time: rounded(packet.time, resolution), interface: 0 })),
    );
  });

  test("pcapng with three interfaces", () => {
    const capture = readCapture(
      writePcapng(traffic, { endianness, resolution, interfaces: ["client0", "gateway0", "server0"] }),
    );
    expect(capture.interfaces.map(({ name, resolution: own }) => [name, own])).toEqual([
      ["client0", resolution],
      ["gateway0", resolution],
      ["server0", resolution],
    ]);
    expect(capture.packets).toEqual(traffic.map((packet) => ({ ...packet, time: rounded(packet.time, resolution) })));
  });
});

test("a snap length stores less and says how long the packet was", () => {
  for (const file of [
    writePcap([client.syn().bytes], { snapLength: 20 }),
    writePcapng([client.syn().bytes], { snapLength: 20 }),
  ]) {
    const [packet] = readCapture(file).packets;
    expect(packet?.bytes).toEqual(client.syn().bytes.slice(0, 20));
    expect(packet?.originalLength).toBe(54);
  }
});

test("sections follow one another, each with its own byte order and interfaces", () => {
  const first = writePcapng([client.syn().bytes], { interfaces: ["a"] });
  const second = writePcapng([client.ack().bytes], { interfaces: ["b"], endianness: "big" });
  const capture = readCapture(Uint8Array.from([...first, ...second]));
  expect(capture.interfaces.map((one) => one.name)).toEqual(["a", "b"]);
  expect(capture.packets.map((packet) => packet.interface)).toEqual([0, 1]);
});

test("unknown blocks are skipped, simple packets are read", () => {
  const word = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
  const file = writePcapng([]);
  const unknown = [...word(0x0bad), ...word(16), ...word(0), ...word(16)];
  const simple = [...word(3), ...word(20), ...word(3), 7, 8, 9, 0, ...word(20)];
  const capture = readCapture(Uint8Array.from([...file, ...unknown, ...simple]));
  expect(capture.stopped).toBeNull();
  expect(capture.packets.map((packet) => [...packet.bytes])).toEqual([[7, 8, 9]]);
});

test("a file cut off at any byte gives the packets before the cut, and says that it was cut", () => {
  for (const [file, header] of [
    [writePcap(traffic.slice(0, 4)), 24],
    [writePcapng(traffic.slice(0, 4), { interfaces: ["a", "b", "c"] }), 12],
  ] as const) {
    const whole = readCapture(file).packets;
    for (let length = header; length < file.length; length++) {
      const { packets: read, stopped } = readCapture(file.slice(0, length));
      expect(read).toEqual(whole.slice(0, read.length));
      // Between two records a file looks whole: only inside one is a cut visible.
      if (stopped === null) expect(readCapture(file.slice(0, length + 1)).stopped).toMatch(/cut off/);
    }
  }
});

test("what is no capture file is refused", () => {
  expect(() => readCapture(new Uint8Array(40))).toThrow(/ZT9005/);
  expect(() => readCapture(new Uint8Array(0))).toThrow(/ZT9005/);
  expect(() => readCapture(writePcap([]).slice(0, 10))).toThrow(/ZT9005.*header is cut off/);
});
