import { expect, test } from "vitest";
import { checkChecksums, describe, packets, random, toHex } from "../kit/index.ts";

test("the same seed gives the same numbers, on every machine", () => {
  const draw = random(7);
  const numbers = [draw.u32(), draw.u32(), draw.u32()];
  const again = random(7);
  expect([again.u32(), again.u32(), again.u32()]).toEqual(numbers);
  expect(random(8).u32()).not.toBe(numbers[0]);
});

test("bytes are evenly spread", () => {
  // 400 of each expected; 100 is five standard deviations.
  const counts = new Array<number>(256).fill(0);
  for (const byte of random(1).bytes(256 * 400)) counts[byte] = (counts[byte] ?? 0) + 1;
  for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(100);
});

test("bounds hold at both ends", () => {
  const draw = random(3);
  const seen = new Set(Array.from({ length: 200 }, () => draw.between(3, 5)));
  expect([...seen].sort()).toEqual([3, 4, 5]);
  expect(() => draw.below(0)).toThrow(RangeError);
  expect(() => draw.pick([])).toThrow(RangeError);
  expect(draw.shuffle([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
});

test("random packets are the same for a seed, and a longer run begins as a shorter one", () => {
  const short = packets(9, 20).map((packet) => toHex(packet.bytes));
  const long = packets(9, 40).map((packet) => toHex(packet.bytes));
  expect(long.slice(0, 20)).toEqual(short);
  expect(packets(10, 20).map((packet) => toHex(packet.bytes))).not.toEqual(short);
});

test("whole packets have valid checksums; the mixture has every kind of header", () => {
  const whole = packets(4, 600, { broken: 0 });
  for (const packet of whole) {
    const { pass, message } = checkChecksums(packet);
    expect(pass || message.includes("no checksum"), message).toBe(true);
  }
  const kinds = new Set(whole.flatMap((packet) => packet.layers.map((layer) => layer.kind)));
  expect([...kinds].sort()).toEqual([
    "arp",
    "destinationOptions",
    "ethernet",
    "fragment",
    "geneve",
    "hopByHop",
    "icmp",
    "icmpv6",
    "ipv4",
    "ipv6",
    "payload",
    "routing",
    "tcp",
    "udp",
    "vlan",
    "vxlan",
  ]);
});

test("a shortest length is kept", () => {
  for (const packet of packets(4, 300, { broken: 1, shortest: 14 }))
    expect(packet.bytes.length, describe(packet)).toBeGreaterThanOrEqual(14);
});
