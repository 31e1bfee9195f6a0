/** Every writable field of the views: written, the packet is the one that the builder makes with that field, checksums included. */

import { expect, test } from "vitest";
import { formatMac } from "../../sdk/layout/address.ts";
import {
  icmp,
  icmpv6,
  type Overrides,
  type Packet,
  packets,
  type Random,
  random,
  tcp,
  udp,
  vlan,
} from "../kit/index.ts";
import { outerLayers } from "./expected.ts";
import { pairOf } from "./pair.ts";

const pair = pairOf(new URL("./programs/edit-fields.ts", import.meta.url));

/** In the order of the bits. */
const FIELDS = [
  "ttl",
  "dscp",
  "ecn",
  "identification",
  "flowLabel",
  "sequence",
  "acknowledgement",
  "window",
  "identifier",
  "number",
  "sourceMac",
  "destinationMac",
  "priority",
  "dropEligible",
  "vlan",
] as const;
type Name = (typeof FIELDS)[number];
type Wish = Readonly<Record<Name, number | bigint>>;

const drawn = (draw: Random): Wish => ({
  ttl: draw.below(256),
  dscp: draw.below(64),
  ecn: draw.below(4),
  identification: draw.below(65536),
  flowLabel: draw.below(2 ** 20),
  sequence: draw.u32(),
  acknowledgement: draw.u32(),
  window: draw.below(65536),
  identifier: draw.below(65536),
  number: draw.below(65536),
  sourceMac: draw.u64() >> 16n,
  destinationMac: draw.u64() >> 16n,
  priority: draw.below(8),
  dropEligible: draw.below(2),
  vlan: draw.below(4096),
});

const has = (packet: Packet, kind: string): boolean => outerLayers(packet).some(({ layer }) => layer.kind === kind);
const isEcho = (packet: Packet): boolean =>
  outerLayers(packet).some(({ layer }) => (layer.kind === "icmp" || layer.kind === "icmpv6") && "identifier" in layer);

/** What the builder must be told to make the same packet; null where the packet has no such field. */
function override(packet: Packet, name: Name, wish: Wish): Overrides | null {
  const value = Number(wish[name]);
  const of = (kind: string, overrides: Overrides): Overrides | null => (has(packet, kind) ? overrides : null);
  const message = has(packet, "icmp") ? "icmp" : "icmpv6";
  switch (name) {
    case "ttl":
    case "dscp":
    case "ecn":
      return { [name]: value };
    case "identification":
      return of("ipv4", { ipv4: { identification: value } });
    case "flowLabel":
      return of("ipv6", { ipv6: { flowLabel: value } });
    case "sequence":
    case "acknowledgement":
    case "window":
      return of("tcp", { tcp: { [name]: value } });
    case "identifier":
      return isEcho(packet) ? { [message]: { identifier: value } } : null;
    case "number":
      return isEcho(packet) ? { [message]: { sequence: value } } : null;
    case "sourceMac":
    case "destinationMac":
      return { [name]: formatMac(wish[name] as bigint) };
    case "priority":
      return of("vlan", { vlan: { priority: value } });
    case "dropEligible":
      return of("vlan", { vlan: { dropEligible: value === 1 } });
    case "vlan":
      return of("vlan", { vlan: { id: value } });
  }
}

async function expectWritten(packet: Packet, names: readonly Name[], wish: Wish): Promise<void> {
  const fields = names.reduce((mask, name) => mask | (1 << FIELDS.indexOf(name)), 0);
  pair.both((running) => running.map("wishes").set(0, { fields, ...wish }));
  const [outcome] = await pair.run([packet]);
  const expected = names.reduce((made, name) => made.with(override(packet, name, wish) ?? {}), packet);
  expect(outcome).toHaveVerdict("pass");
  expect(outcome, names.join(", ")).toEqualPacket(expected);
  expect(outcome?.packet).toHaveValidChecksums();
}

const samples: Readonly<Record<string, Packet>> = {
  "TCP over IPv4": tcp("10.0.0.7:40000", "10.1.0.1:80").payload("data"),
  "TCP over IPv6": tcp("[2001:db8::7]:40000", "[2001:db8::1]:80").payload("data"),
  "an echo": icmp("10.0.0.7", "10.1.0.1").echo({ payload: "ping" }),
  "an ICMPv6 echo": icmpv6("2001:db8::7", "2001:db8::1").echo({ payload: "ping" }),
  "UDP behind a tag": vlan({ id: 7 }, udp("10.0.0.7:5000", "10.1.0.1:53").payload("?")),
};

test.each(Object.entries(samples))("of %s, one at a time", async (_, packet) => {
  const draw = random(11);
  for (const name of FIELDS) {
    if (override(packet, name, drawn(draw)) === null) continue;
    for (let round = 0; round < 12; round++) await expectWritten(packet, [name], drawn(draw));
  }
});

test("the least and the greatest values", async () => {
  const [least, greatest] = [0n, (1n << 48n) - 1n].map(
    (mac) => ({ ...drawn(random(0)), sourceMac: mac, destinationMac: mac }) as Wish,
  ) as [Wish, Wish];
  const limits = {
    ttl: 255,
    dscp: 63,
    ecn: 3,
    identification: 0xffff,
    flowLabel: 0xfffff,
    priority: 7,
    dropEligible: 1,
  };
  const more = {
    sequence: 0xffff_ffff,
    acknowledgement: 0xffff_ffff,
    window: 0xffff,
    identifier: 0xffff,
    number: 0xffff,
  };
  const zeros = Object.fromEntries(FIELDS.map((name) => [name, name.endsWith("Mac") ? 0n : 0])) as Wish;
  for (const packet of Object.values(samples)) {
    const names = FIELDS.filter((name) => override(packet, name, least) !== null);
    await expectWritten(packet, names, zeros);
    await expectWritten(packet, names, { ...greatest, ...limits, ...more, vlan: 4095 });
  }
});

test("of random packets, several at once", async () => {
  const draw = random(12);
  const sent = packets(13, 250, { broken: 0, shortest: 14 });
  for (const packet of sent) {
    if (!has(packet, "ipv4") && !has(packet, "ipv6")) continue;
    // Only the headers of whole messages can be written: fragments' checksums are elsewhere.
    const wish = drawn(draw);
    const names = FIELDS.filter((name) => draw.chance(0.4) && override(packet, name, wish) !== null);
    const fields = names.reduce((mask, name) => mask | (1 << FIELDS.indexOf(name)), 0);
    pair.both((running) => running.map("wishes").set(0, { fields, ...wish }));
    const [outcome] = await pair.run([packet]);
    if (outerLayers(packet).some(({ layer }) => layer.kind === "icmp" && !("identifier" in layer))) continue;
    expect(outcome).toEqualPacket(names.reduce((made, name) => made.with(override(packet, name, wish) ?? {}), packet));
  }
});
