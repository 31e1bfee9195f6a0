/** Into tunnels: every byte of what is put before a frame, with scapy and Wireshark as judges. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outerHeader } from "../../runtime/overlay/outer-header.ts";
import { pairOf } from "../headers/pair.ts";
import { arp, geneve, type Outcome, type Packet, packets, random, tcp, toHex, udp, vlan, vxlan } from "../kit/index.ts";
import { type Oracle, startOracle } from "../kit-tests/oracle.ts";
import { startWireshark, type Wireshark } from "../kit-tests/wireshark.ts";
import { hopOf, OWN4, OWN6, PEER4, PEER6, STATIONS } from "./underlay.ts";

const pair = pairOf(new URL("./programs/encapsulator.ts", import.meta.url));

let oracle: Oracle;
let wireshark: Wireshark;
beforeAll(async () => {
  oracle = startOracle();
  wireshark = await startWireshark();
});
afterAll(async () => {
  await oracle.close();
  await wireshark.close();
});

type Ends = Parameters<typeof hopOf>[0];

const sent: Packet[] = [];
async function through(ends: Ends, inner: Packet, hash = 0, traffic = 0): Promise<Outcome> {
  pair.both((running) => {
    running.map("hops").set(0, hopOf(ends));
    running.map("found").set(0, { hash, traffic });
  });
  const [outcome] = (await pair.run([inner])) as [Outcome];
  expect(outcome).toHaveVerdict("redirect");
  sent.push(outcome.packet);
  return outcome;
}

/** The whole packet, by the kit: UDP's checksum is zero over IPv4 and right over IPv6. */
function expected({ kind, local, remote, vni }: Ends, inner: Packet, hash: number, traffic: number): Packet {
  const four = local.includes(".");
  const low = (hash & 0xff) | 0xc0;
  const overrides = {
    sourceMac: STATIONS.outer.source,
    destinationMac: STATIONS.outer.destination,
    ttl: 64,
    dscp: traffic >> 2,
    ecn: traffic & 3,
    ...(four
      ? { checksum: "zero" as const, ipv4: { dontFragment: true, identification: 0 } }
      : { ipv6: { flowLabel: hash >>> 12 } }),
  };
  const content = inner.with({ sourceMac: STATIONS.inner.source, destinationMac: STATIONS.inner.destination });
  const tunnel = { from: local, to: remote, vni, sourcePort: (low << 8) | ((hash >> 8) & 0xff), overrides };
  return kind === "vxlan" ? vxlan(content, tunnel) : geneve(content, tunnel);
}

const inners: readonly (readonly [string, Packet])[] = [
  ["TCP over IPv4", tcp("10.0.0.7:40000", "10.1.0.1:80").payload("hello")],
  ["TCP over IPv6", tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80").payload("hello")],
  ["UDP without checksum", udp("10.0.0.7:1", "10.1.0.1:2").payload("odd", { checksum: "zero" })],
  ["a tagged frame", vlan(7, tcp("10.0.0.7:40000", "10.1.0.1:80").syn())],
  ["ARP", arp("10.0.0.7", "10.1.0.1").request()],
];

describe.each<Ends>([
  { kind: "vxlan", local: OWN4, remote: PEER4, vni: 0 },
  { kind: "geneve", local: OWN4, remote: PEER4, vni: 0xffffff },
  { kind: "vxlan", local: OWN6, remote: PEER6, vni: 0x123456 },
  { kind: "geneve", local: OWN6, remote: PEER6, vni: 1 },
])("$kind from $local", (ends) => {
  test.each(inners)("%s", async (_, inner) => {
    for (const [hash, traffic] of [
      [0, 0],
      [0xffff_ffff, 0xff],
      [0x1234_5678, 0x5a],
    ] as const) {
      const outcome = await through(ends, inner, hash, traffic);
      expect(outcome).toEqualPacket(expected(ends, inner, hash, traffic));
      const hex = toHex(outcome.packet.bytes);
      expect((await oracle.ask<{ rebuilt: string }>({ read: hex })).rebuilt).toBe(hex);
    }
  });

  test("every length, so that the sums meet every remainder", async () => {
    const draw = random(ends.vni);
    for (let length = 0; length < 600; length += length < 300 ? 1 : 7) {
      const inner = udp("10.0.0.7:1", "10.1.0.1:2").payload(draw.bytes(length));
      const outcome = await through(ends, inner, draw.u32(), draw.below(256));
      expect(outcome.packet).toHaveValidChecksums();
    }
    for (const length of [1400, 1401, 1472, 3300]) {
      const outcome = await through(ends, udp("10.0.0.7:1", "10.1.0.1:2").payload(draw.bytes(length)));
      expect(outcome.packet).toHaveValidChecksums();
    }
  });

  test("random packets", async () => {
    const draw = random(5);
    for (const inner of packets(62, 60, { broken: 0, shortest: 18 })) {
      const [hash, traffic] = [draw.u32(), draw.below(256)];
      const outcome = await through(ends, inner, hash, traffic);
      expect(outcome.packet.bytes.slice(ends.local === OWN4 ? 62 : 82)).toEqual(inner.bytes.slice(12));
    }
  });
});

test("a UDP checksum that comes to zero is sent as all ones", async () => {
  const ends: Ends = { kind: "vxlan", local: OWN6, remote: PEER6, vni: 3 };
  // Two bytes of payload are free to choose: they make up for all the rest.
  const inner = (word: number) =>
    udp("10.0.0.7:1", "10.1.0.1:2").payload(Uint8Array.of(word >> 8, word & 0xff), { checksum: "zero" });
  const { checksum } = (await through(ends, inner(0))).packet.layer("udp");
  const outcome = await through(ends, inner(checksum));
  expect(outcome.packet.layer("udp").checksum).toBe(0xffff);
  expect(outcome.packet).toHaveValidChecksums();
});

test("Wireshark finds nothing malformed and no bad checksum in all that was sent", async () => {
  expect(sent.length).toBeGreaterThan(1000);
  expect(await wireshark.faults(sent)).toEqual([]);
});

test("a hop's ends are of one family", () => {
  const ends = { kind: "vxlan", local: OWN4, remote: PEER6, vni: 1, ...STATIONS } as const;
  expect(() => outerHeader(ends)).toThrow("are not addresses of one family");
});
