/** An echo's identifier is the port of the end that asked: read as one, and put like one, with the checksum following. */
import { describe, expect, test } from "vitest";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { takenAsMadeByAll } from "../headers/toolchains.ts";
import { fragments, fromBytes, fromHex, icmp, icmpv6, type Packet, packets, truncations, vlan } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";

const source = new URL("./programs/echo.ts", import.meta.url);
const pair = pairOf(source);

const judges = startJudges();

const SOURCE = 1;
const DESTINATION = 2;

interface Family {
  readonly ends: readonly [string, string];
  readonly wish: { readonly source: string; readonly destination: string };
  /** In scapy's words, between these addresses, by these numbers. */
  readonly scapy: (from: string, to: string, asks: boolean, identifier: number) => string;
  readonly make: (from: string, to: string, asks: boolean) => Packet;
}
const said = { identifier: 0x1234, sequence: 7, payload: "ping" };
const FAMILIES: Readonly<Record<string, Family>> = {
  ICMP: {
    ends: ["10.0.0.7", "10.1.0.1"],
    wish: { source: "192.0.2.1", destination: "198.51.100.2" },
    scapy: (from, to, asks, id) =>
      `IP(src="${from}", dst="${to}", id=0, flags="DF")/ICMP(type=${asks ? 8 : 0}, id=${id}, seq=7)/Raw(b"ping")`,
    make: (from, to, asks) => (asks ? icmp(from, to).echo(said) : icmp(to, from).echoReply(said)),
  },
  ICMPv6: {
    ends: ["2001:db8::7", "2001:db8:1::1"],
    wish: { source: "2001:db8:a::1", destination: "2001:db8:b::2" },
    scapy: (from, to, asks, id) =>
      `IPv6(src="${from}", dst="${to}")/ICMPv6Echo${asks ? "Request" : "Reply"}(id=${id}, seq=7, data=b"ping")`,
    make: (from, to, asks) => (asks ? icmpv6(from, to).echo(said) : icmpv6(to, from).echoReply(said)),
  },
};

async function run(packet: Packet, change: number, family: Family): Promise<{ packet: Packet; ports: object }> {
  pair.both((running) =>
    running.map("wishes").set(0, { change, ...family.wish, sourcePort: 50_001, destinationPort: 50_002 }),
  );
  const [outcome] = await pair.run([packet]);
  expect(outcome).toHaveVerdict("pass");
  const ports = pair.both((running) => running.map("seen").get(0)) as object;
  return { packet: outcome?.packet as Packet, ports };
}

describe.each(Object.entries(FAMILIES))("%s", (_, family) => {
  const [from, to] = family.ends;

  test.each([true, false])("asking: %s; every set of ends", async (asks) => {
    const packet = family.make(from, to, asks);
    const own = asks ? SOURCE : DESTINATION;
    for (const change of [0, SOURCE, DESTINATION, SOURCE | DESTINATION]) {
      const next = (change & own) === 0 ? said.identifier : asks ? 50_001 : 50_002;
      const expected = family.scapy(
        (change & SOURCE) === 0 ? from : family.wish.source,
        (change & DESTINATION) === 0 ? to : family.wish.destination,
        asks,
        next,
      );
      const link = `Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")`;
      const { hex } = await judges.scapy.ask<{ hex: string }>({ build: `${link}/${expected}` });
      const made = await run(packet, change, family);
      const macs = packet.layer("ethernet");
      const wanted = fromBytes(fromHex(hex)).with({ ethernet: { source: macs.source, destination: macs.destination } });
      expect(made.packet).toEqualPacket(wanted);
      expect(await judges.wireshark.faults([made.packet])).toEqual([]);
      const identifier = said.identifier;
      expect(made.ports).toEqual(
        asks ? { sourcePort: identifier, destinationPort: 0 } : { sourcePort: 0, destinationPort: identifier },
      );
      const tagged = await run(vlan([5, 6], packet), change, family);
      expect(tagged.packet).toEqualPacket(vlan([5, 6], wanted));
    }
  });

  test("only the first fragment has the identifier", async () => {
    const whole = family.make(from, to, true);
    const cut = { size: 8, identification: 9 };
    const moved = whole.with({ source: family.wish.source });
    const kind = family.ends[0].includes(":") ? "icmpv6" : "icmp";
    const expected = fragments(moved.with({ [kind]: { identifier: 50_001 } }), cut);
    for (const [index, part] of fragments(whole, cut).entries()) {
      const made = await run(part, SOURCE, family);
      expect(made.packet).toEqualPacket(expected[index] as Packet);
      expect(made.ports).toEqual({ sourcePort: index === 0 ? said.identifier : 0, destinationPort: 0 });
    }
  });

  test("other messages keep their second word", async () => {
    const other = from.includes(":")
      ? icmpv6(from, to).message({ type: 128 + 2, rest: 0x1234_5678 })
      : icmp(from, to).message({ type: 10, rest: 0x1234_5678 });
    const made = await run(other, SOURCE | DESTINATION, family);
    expect(made.packet).toEqualPacket(other.with(family.wish));
    expect(made.ports).toEqual({ sourcePort: 0, destinationPort: 0 });
  });

  test("cut at every byte: both targets agree, and what lies behind the network header is untouched unless it is whole", async () => {
    pair.both((running) =>
      running.map("wishes").set(0, { change: 3, ...family.wish, sourcePort: 1, destinationPort: 2 }),
    );
    const packet = family.make(from, to, true);
    const head = from.includes(":") ? 54 : 34;
    for (const cut of truncations(packet).slice(SHORTEST)) {
      const [outcome] = await pair.run([cut]);
      expect(outcome).toHaveVerdict(cut.bytes.length < head ? "drop" : "pass");
      if (cut.bytes.length < head) expect(outcome).toEqualPacket(cut);
      else if (cut.bytes.length < head + 8)
        expect([...(outcome?.packet.bytes.slice(head) ?? [])]).toEqual([...cut.bytes.slice(head)]);
    }
  });
});

test("ICMP in IPv6 and ICMPv6 in IPv4 are no echo", async () => {
  for (const [packet, family] of [
    [
      icmp("10.0.0.7", "10.1.0.1")
        .echo(said)
        .with({ ipv4: { protocol: 58 } }),
      FAMILIES.ICMP,
    ],
    [
      icmpv6("2001:db8::7", "2001:db8:1::1")
        .echo(said)
        .with({ ipv6: { nextHeader: 1 } }),
      FAMILIES.ICMPv6,
    ],
  ] as const) {
    const made = await run(packet, 0, family as Family);
    expect(made.ports).toEqual({ sourcePort: 0, destinationPort: 0 });
  }
});

takenAsMadeByAll(source, 700, [...packets(71, 30, { shortest: 14 })]);
