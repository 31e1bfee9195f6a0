/** Packets of one family become the other's, as RFC 7915 says; what has no form there is refused, named and left as it was. */
import { beforeEach, describe, expect, test } from "vitest";
import { parseAddress } from "../../sdk/layout/address.ts";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { takenAsMadeByAll } from "../headers/toolchains.ts";
import { interpreter, type Outcome, type Packet, packets, random, truncations } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";
import { FAULTS_OF_CUT_QUOTES } from "../kit-tests/wireshark.ts";
import { endsFor, framed, PORTS, REFUSALS, V4, V6 } from "./ends.ts";

const source = new URL("./programs/translate.ts", import.meta.url);
const pair = pairOf(source);

const judges = startJudges();

const built = framed(judges);

async function run(packet: Packet): Promise<{ outcome: Outcome; told: Record<string, unknown> }> {
  pair.both((running) => running.map("ends").set(0, { ...endsFor(packet), ...PORTS }));
  const [outcome] = (await pair.run([packet])) as [Outcome];
  return { outcome, told: pair.both((running) => running.map("told").get(0)) as Record<string, unknown> };
}

const sent: Packet[] = [];
beforeEach(() => {
  sent.length = 0;
});
const judged = async (filter?: string): Promise<void> =>
  expect(await judges.wireshark.faults(sent, filter)).toEqual([]);

/** Scapy makes both packets; `becomes` may take the identification that the translation has. */
async function expectBecomes(from: string, becomes: (id: number) => string, tags = ""): Promise<Packet> {
  const { outcome, told } = await run(await built(from, tags));
  expect(outcome).toHaveVerdict("transmit");
  const layer = outcome.packet.layers.find(({ kind }) => kind === "ipv4");
  const id = layer?.kind === "ipv4" ? layer.identification : 0;
  expect(outcome).toEqualPacket(await built(becomes(id), tags));
  const ends = layer === undefined ? V6 : V4;
  expect(told).toMatchObject({
    why: 0,
    source: parseAddress(ends.source),
    destination: parseAddress(ends.destination),
  });
  sent.push(outcome.packet);
  return outcome.packet;
}

async function expectRefused(packet: Packet, why: (typeof REFUSALS)[number]): Promise<void> {
  const { outcome, told } = await run(packet);
  expect(outcome).toHaveVerdict("pass");
  expect(outcome).toEqualPacket(packet);
  expect(REFUSALS[told.why as number]).toBe(why);
}

const four = (more = ""): string => `IP(src="${V4.source}", dst="${V4.destination}"${more})`;
const six = (more = ""): string => `IPv6(src="${V6.source}", dst="${V6.destination}"${more})`;
const outside = (more = ""): string => `IP(src="10.0.0.7", dst="10.1.0.1"${more})`;
const inside = (more = ""): string => `IPv6(src="2001:db8::7", dst="2001:db8::1"${more})`;
const data = (bytes: number): string => `Raw(bytes((i*7+1)%256 for i in range(${bytes})))`;
const tcp = (from: number, to: number): string =>
  `TCP(sport=${from}, dport=${to}, seq=1, ack=2, flags="PA", options=[("MSS", 1460)])`;
const udp = (from: number, to: number): string => `UDP(sport=${from}, dport=${to})`;
const { sourcePort, destinationPort } = PORTS;

interface Pair {
  readonly before: string;
  readonly after: string;
}
const SEGMENTS: Readonly<Record<string, Pair>> = {
  TCP: { before: tcp(40000, 80), after: tcp(sourcePort, destinationPort) },
  UDP: { before: udp(40000, 53), after: udp(sourcePort, destinationPort) },
  SCTP: { before: "Raw(bytes(range(40)))", after: "Raw(bytes(range(40)))" },
};
const more4 = (name: string): string => (name === "SCTP" ? ", proto=132" : "");
const more6 = (name: string): string => (name === "SCTP" ? ", nh=132" : "");

describe("IPv4 to IPv6", () => {
  test.each(Object.entries(SEGMENTS))(
    "%s: traffic class, limit and lengths; DF or not; tagged or not",
    async (name, { before, after }) => {
      for (const bytes of [0, 1, 7, 64, 1300]) {
        for (const [tos, ttl, flags] of [
          [0, 64, ""],
          [0xb9, 1, "DF"],
        ] as const) {
          const from = `${outside(`, tos=${tos}, ttl=${ttl}, flags="${flags}", id=77${more4(name)}`)}/${before}/${data(bytes)}`;
          const becomes = () => `${six(`, tc=${tos}, hlim=${ttl}${more6(name)}`)}/${after}/${data(bytes)}`;
          await expectBecomes(from, becomes);
          await expectBecomes(from, becomes, "/Dot1Q(vlan=7, prio=3)");
          await expectBecomes(from, becomes, "/Dot1AD(vlan=100, type=0x8100)/Dot1Q(vlan=8)");
        }
      }
      await judged();
    },
  );

  test("echo and its reply, the identifier as a port", async () => {
    await expectBecomes(
      `${outside()}/ICMP(type=8, id=5, seq=6)/Raw(b"ping!")`,
      () => `${six()}/ICMPv6EchoRequest(id=${sourcePort}, seq=6, data=b"ping!")`,
    );
    await expectBecomes(
      `${outside()}/ICMP(type=0, id=5, seq=6)/Raw(b"ping!")`,
      () => `${six()}/ICMPv6EchoReply(id=${destinationPort}, seq=6, data=b"ping!")`,
    );
    await judged();
  });

  test("fragments get a fragment header, and checksums of the whole", async () => {
    const [before, after] = [SEGMENTS.UDP?.before, SEGMENTS.UDP?.after];
    const whole4 = `IP(bytes(${outside(", id=0x1234")}/${before}/${data(100)}))`;
    const whole6 = `bytes(${six()}/${after}/${data(100)})[40:]`;
    for (const [index, at] of [0, 40, 80].entries())
      await expectBecomes(
        `${whole4}.fragment(40)[${index}]`,
        () =>
          `${six()}/IPv6ExtHdrFragment(nh=17, id=0x1234, offset=${at / 8}, m=${index < 2 ? 1 : 0})/Raw(${whole6}[${at}:${at + 40}])`,
      );
    await judged();
  });

  test("UDP without checksum gets one, of any length up to 1500", async () => {
    for (const bytes of [0, 1, 2, 3, 4, 5, 100, 1000, 1001, 1469, 1491, 1492])
      await expectBecomes(
        `${outside()}/UDP(sport=40000, dport=53, chksum=0)/${data(bytes)}`,
        () => `${six()}/${udp(sourcePort, destinationPort)}/${data(bytes)}`,
      );
    await expectRefused(await built(`${outside()}/UDP(chksum=0)/${data(1493)}`), "checksum");
    await expectRefused(await built(`${outside(', flags="MF"')}/UDP(chksum=0)/${data(16)}`), "checksum");
    await judged();
  });

  test.each<readonly [(typeof REFUSALS)[number], string]>([
    ["options", `${outside(', options=[IPOption_NOP(), IPOption_LSRR(routers=["1.2.3.4"])]')}/${tcp(1, 2)}`],
    ["options", `${outside(", options=[IPOption_Router_Alert()]")}/${tcp(1, 2)}`],
    ["protocol", `${outside(", proto=58")}/${data(40)}`],
    ["protocol", `${outside(", proto=0")}/${data(40)}`],
    ["protocol", `${outside(", proto=43")}/${data(40)}`],
    ["protocol", `${outside(", proto=44")}/${data(40)}`],
    ["protocol", `${outside(", proto=60")}/${data(40)}`],
    ["message", `${outside()}/ICMP(type=13)`],
    ["message", `${outside()}/ICMP(type=5)/${outside()}/${udp(1, 2)}`],
    ["message", `${outside()}/ICMP(type=3)/${outside()}/${udp(1, 2)}`],
    ["message", `${outside()}/Raw(b"ping")`.replace('10.1.0.1"', '10.1.0.1", proto=1')],
    ["fragment", `${outside(', flags="MF"')}/ICMP()/${data(8)}`],
    ["fragment", `${outside(", frag=3, proto=1")}/${data(8)}`],
    ["malformed", `${outside(", len=100")}/${tcp(1, 2)}`],
    ["malformed", `${outside(", len=19")}/${tcp(1, 2)}`],
  ])("refused for its %s: %s", async (why, expression) => expectRefused(await built(expression), why));
});

describe("IPv6 to IPv4", () => {
  test.each(Object.entries(SEGMENTS))(
    "%s: type of service, limit, lengths and flags; tagged or not",
    async (name, { before, after }) => {
      for (const bytes of [0, 1, 7, 64, 1208, 1300]) {
        const from = `${inside(`, tc=0xb9, hlim=3, fl=0x12345${more6(name)}`)}/${before}/${data(bytes)}`;
        const body = `${after}/${data(bytes)}`;
        for (const tags of ["", "/Dot1Q(vlan=7, prio=3)", "/Dot1AD(vlan=100, type=0x8100)/Dot1Q(vlan=8)"]) {
          const made = await expectBecomes(
            from,
            (id) =>
              `(lambda p: (setattr(p, "flags", "DF" if len(p) > 1260 else ""), p)[1])(${four(`, tos=0xb9, ttl=3, id=${id}${more4(name)}`)}/${body})`,
            tags,
          );
          const { totalLength, identification, dontFragment } = made.layer("ipv4");
          expect(dontFragment).toBe(totalLength > 1260);
          if (dontFragment) expect(identification).toBe(0);
        }
      }
      await judged();
    },
  );

  test("packets that may be fragmented do not share an identification", async () => {
    const ids = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const made = await expectBecomes(
        `${inside()}/${tcp(1, 2)}`,
        (id) => `${four(`, id=${id}`)}/${tcp(sourcePort, destinationPort)}`,
      );
      ids.add(made.layer("ipv4").identification);
    }
    expect(ids.size).toBeGreaterThan(10);
  });

  test("echo and its reply, the identifier as a port", async () => {
    await expectBecomes(
      `${inside()}/ICMPv6EchoRequest(id=5, seq=6, data=b"ping!")`,
      (id) => `${four(`, id=${id}`)}/ICMP(type=8, id=${sourcePort}, seq=6)/Raw(b"ping!")`,
    );
    await expectBecomes(
      `${inside()}/ICMPv6EchoReply(id=5, seq=6, data=b"ping!")`,
      (id) => `${four(`, id=${id}`)}/ICMP(type=0, id=${destinationPort}, seq=6)/Raw(b"ping!")`,
    );
    await judged();
  });

  test("extension headers are left out, but for segments left", async () => {
    for (const extensions of [
      "IPv6ExtHdrHopByHop(options=[RouterAlert(value=1)])",
      "IPv6ExtHdrDestOpt()/IPv6ExtHdrDestOpt()",
      'IPv6ExtHdrRouting(addresses=["2001:db8::5"], segleft=0)',
    ])
      await expectBecomes(
        `${inside()}/${extensions}/${tcp(40000, 80)}/${data(9)}`,
        (id) => `${four(`, id=${id}`)}/${tcp(sourcePort, destinationPort)}/${data(9)}`,
      );
    await judged();
  });

  test("a fragment header becomes IPv4's fields, of an atomic fragment too", async () => {
    const [before, after] = [SEGMENTS.UDP?.before, SEGMENTS.UDP?.after];
    const whole6 = `bytes(${inside()}/${before}/${data(100)})[40:]`;
    const whole4 = `bytes(${four()}/${after}/${data(100)})[20:]`;
    for (const [index, at] of [0, 40, 80].entries())
      await expectBecomes(
        `${inside()}/IPv6ExtHdrFragment(nh=17, id=0xabcd1234, offset=${at / 8}, m=${index < 2 ? 1 : 0})/Raw(${whole6}[${at}:${at + 40}])`,
        () =>
          `${four(`, id=0x1234, proto=17, frag=${at / 8}${index < 2 ? ', flags="MF"' : ""}`)}/Raw(${whole4}[${at}:${at + 40}])`,
      );
    await expectBecomes(
      `${inside()}/IPv6ExtHdrFragment(id=0xabcd1234)/${tcp(40000, 80)}/${data(1300)}`,
      () => `${four(", id=0x1234")}/${tcp(sourcePort, destinationPort)}/${data(1300)}`,
    );
    await expectBecomes(
      `${inside()}/IPv6ExtHdrFragment(id=0xabcd1234)/ICMPv6EchoRequest(id=5, seq=6, data=b"ping!")`,
      () => `${four(", id=0x1234")}/ICMP(type=8, id=${sourcePort}, seq=6)/Raw(b"ping!")`,
    );
    await judged();
  });

  test("UDP without checksum (RFC 6935) stays without", () =>
    expectBecomes(
      `${inside()}/UDP(sport=40000, dport=53, chksum=0)/${data(9)}`,
      (id) => `${four(`, id=${id}`)}/UDP(sport=${sourcePort}, dport=${destinationPort}, chksum=0)/${data(9)}`,
    ));

  test.each<readonly [(typeof REFUSALS)[number], string]>([
    ["source route", `${inside()}/IPv6ExtHdrRouting(addresses=["2001:db8::5"], segleft=1)/${tcp(1, 2)}`],
    ["protocol", `${inside(", nh=1")}/${data(40)}`],
    ["message", `${inside(", hlim=255")}/ICMPv6ND_NS()`],
    ["message", `${inside()}/ICMPv6MLQuery()`],
    ["message", `${inside()}/ICMPv6DestUnreach()/${inside()}/${udp(1, 2)}`],
    ["fragment", `${inside()}/IPv6ExtHdrFragment(m=1)/ICMPv6EchoRequest(data=b"x"*8)`],
    ["fragment", `${inside()}/IPv6ExtHdrFragment(nh=58, offset=3)/${data(8)}`],
    ["malformed", `${inside(", plen=100")}/${tcp(1, 2)}`],
  ])("refused for its %s: %s", async (why, expression) => expectRefused(await built(expression), why));
});

test("there and back, every checksum that ports can make: 300 random packets", async () => {
  const draw = random(101);
  for (let i = 0; i < 300; i++) {
    const port = () => draw.below(65536);
    const bytes = draw.below(60);
    const make = draw.pick([tcp, udp]);
    const [from, to] = [port(), port()];
    const after = `${make(sourcePort, destinationPort)}/${data(bytes)}`;
    if (draw.chance(0.5))
      await expectBecomes(`${outside()}/${make(from, to)}/${data(bytes)}`, () => `${six()}/${after}`);
    else await expectBecomes(`${inside()}/${make(from, to)}/${data(bytes)}`, (id) => `${four(`, id=${id}`)}/${after}`);
  }
  await judged();
});

test("a UDP checksum that comes out as zero is sent as ffff", async () => {
  // The checksum of two zeros is what they lack to a sum of all ones, whose checksum is zero.
  const zeros = await judges.scapy.ask<{ hex: string }>({
    build: `${six()}/${udp(sourcePort, destinationPort)}/Raw(bytes(2))`,
  });
  const payload = zeros.hex.slice(-8, -4);
  const made = await expectBecomes(
    `${outside()}/${udp(40000, 53)}/Raw(bytes.fromhex("${payload}"))`,
    () => `${six()}/${udp(sourcePort, destinationPort)}/Raw(bytes.fromhex("${payload}"))`,
  );
  expect(made).toHaveFields({ "udp.checksum": 0xffff });
});

describe("cut at every byte: never aborts, and is left as it was", () => {
  test.each([
    ["TCP over IPv4", `${outside(", options=[IPOption_Router_Alert()]")}/${tcp(1, 2)}/${data(8)}`],
    ["UDP over IPv4 without checksum", `${outside()}/UDP(chksum=0)/${data(8)}`],
    ["echo over IPv4", `${outside()}/ICMP(type=8)/${data(8)}`],
    ["a fragment", `${outside(", frag=3, proto=17")}/${data(24)}`],
    ["TCP over IPv6", `${inside()}/IPv6ExtHdrHopByHop()/${tcp(1, 2)}/${data(8)}`],
    ["echo over IPv6", `${inside()}/ICMPv6EchoRequest(data=b"ping")`],
    ["an IPv6 fragment", `${inside()}/IPv6ExtHdrFragment(nh=17, offset=3)/${data(24)}`],
  ])("%s", async (_, expression) => {
    const packet = await built(expression);
    for (const cut of truncations(packet).slice(SHORTEST)) {
      const { outcome } = await run(cut);
      expect(["pass", "drop"]).toContain(outcome.verdict);
      expect(outcome).toEqualPacket(cut);
    }
    await using running = await interpreter.load(source);
    for (const cut of truncations(packet).slice(0, SHORTEST)) {
      const [outcome] = (await running.run(cut)) as [Outcome];
      expect(outcome).toHaveVerdict("drop");
      expect(outcome).toEqualPacket(cut);
    }
  });
});

test("random packets: none aborts, and what is translated is right", async () => {
  for (const packet of packets(102, 400, { shortest: 14 })) {
    const { outcome } = await run(packet);
    expect(outcome.verdict).not.toBe("aborted");
    if (outcome.verdict !== "transmit") expect(outcome).toEqualPacket(packet);
  }
  for (const packet of packets(103, 200, { broken: 0, shortest: 14 })) {
    const { outcome } = await run(packet);
    if (outcome.verdict === "transmit") sent.push(outcome.packet);
  }
  expect(sent.length).toBeGreaterThan(80);
  await judged(FAULTS_OF_CUT_QUOTES);
});

takenAsMadeByAll(source, 2000, [...packets(104, 30, { shortest: 14 })]);
