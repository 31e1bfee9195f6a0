/** Every field of every view reads as the packet's builder wrote it, in host order. */
import { expect, test } from "vitest";
import {
  dissect,
  fragments,
  geneve,
  geneveOption,
  type Outcome,
  type Packet,
  packets,
  tcp,
  udp,
  vlan,
  vxlan,
} from "../kit/index.ts";
import { outerLayers, readingOf } from "./expected.ts";
import { pairOf } from "./pair.ts";

const pair = pairOf(new URL("./programs/read.ts", import.meta.url));

const zeroed = (value: unknown): unknown => {
  if (typeof value === "number") return 0;
  if (typeof value === "bigint") return 0n;
  if (typeof value === "boolean") return false;
  if (Array.isArray(value)) return value.map(zeroed);
  return Object.fromEntries(Object.entries(value as object).map(([name, part]) => [name, zeroed(part)]));
};

/** What the program reads of one packet, which it leaves as it is. */
async function reading(packet: Packet): Promise<{ readonly verdict: string; readonly read: object }> {
  pair.both((running) => {
    const readings = running.map("readings");
    readings.set(0, zeroed(readings.get(0)));
  });
  const [outcome] = (await pair.run([packet])) as [Outcome];
  expect(outcome).toEqualPacket(packet);
  return { verdict: outcome.verdict, read: pair.both((running) => running.map("readings").get(0) as object) };
}

async function expectRead(packet: Packet): Promise<void> {
  const { verdict, read } = await reading(packet);
  const ip = outerLayers(packet).some(({ layer }) => layer.kind === "ipv4" || layer.kind === "ipv6");
  expect(verdict).toBe(ip ? "pass" : "transmit");
  if (ip) expect(read).toEqual(readingOf(packet));
  else expect(read).toEqual(zeroed(read));
}

test("of random packets of every kind", async () => {
  const sent = packets(41, 400, { broken: 0, shortest: 14 });
  for (const packet of sent) await expectRead(packet);
  const kinds = new Set(sent.flatMap((packet) => dissect(packet.bytes).layers.map(({ kind }) => kind)));
  expect(kinds.size).toBe(16);
});

const syn = tcp("10.0.0.7:40000", "10.1.0.1:80").syn();
const syn6 = tcp("[2001:db8::7]:40000", "[2001:db8::1]:80").syn();
const inner = udp("192.0.2.1:5000", "192.0.2.2:53").payload("question");
const tunnel = { from: "10.0.0.7", to: "10.1.0.1", vni: 0xabcdef };

test.each<readonly [string, Packet]>([
  ["a tag", vlan({ id: 0xfff, priority: 7, dropEligible: true }, syn)],
  ["two tags: the view shows the outer", vlan([{ id: 100, protocol: "802.1ad" }, 10], syn6)],
  ["the longest IPv4 options", syn.with({ ipv4: { options: new Array(40).fill({ kind: "nop" }) } })],
  ["eight extension headers", syn6.with({ extensions: new Array(8).fill({ kind: "destinationOptions" }) })],
  ["every flag", tcp("1.2.3.4:1", "5.6.7.8:2").packet(["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr", "ae"])],
  ["VXLAN", vxlan(inner, tunnel)],
  ["Geneve with options", geneve(inner, { ...tunnel, options: [geneveOption(0x102, 0x81, new Uint8Array(8))] })],
])("of a packet with %s", async (_, packet) => {
  await expectRead(packet);
});

test.each([
  ["VXLAN whose VNI is not valid", vxlan(inner, { ...tunnel, vxlan: { flags: 0 } })],
  ["another version of Geneve", geneve(inner, { ...tunnel, geneve: { version: 1 } })],
])("%s is no tunnel", async (_, packet) => {
  expect((await reading(packet)).read).toMatchObject({ tunnel: { found: 0, vni: 0 } });
});

test.each([
  ["IPv4", udp("10.0.0.7:5000", "10.1.0.1:53").payload("x".repeat(100))],
  ["IPv6", udp("[2001:db8::7]:5000", "[2001:db8::1]:53").payload("x".repeat(100))],
])("of fragments over %s: only the first has a transport header", async (_, whole) => {
  const parts = fragments(whole, { size: 40, identification: 7 });
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts) await expectRead(part);
});
