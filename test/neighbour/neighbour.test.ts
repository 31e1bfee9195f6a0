/** Questions about an entrance's MAC address are answered in the data plane; whatever else looks like one goes to the host unchanged. */
import { beforeEach, describe, expect, test } from "vitest";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { takenAsMadeByAll } from "../headers/toolchains.ts";
import {
  arp,
  fromBytes,
  icmpv6,
  interpreter,
  type Outcome,
  type Packet,
  packets,
  random,
  truncations,
  vlan,
} from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";

const source = new URL("./programs/responder.ts", import.meta.url);
const pair = pairOf(source);

const judges = startJudges();

const ASKER = "02:00:00:00:00:01";
const OURS = "02:5a:00:00:00:09";
const ROUTERS = "02:5a:00:00:00:0a";
/** On every interface; on ours (1); on another. */
const ENTRANCES = [
  [
    { address: "10.1.0.1", interface: 0, vni: 0 },
    { mac: OURS, router: false },
  ],
  [
    { address: "10.1.0.2", interface: 1, vni: 0 },
    { mac: OURS, router: false },
  ],
  [
    { address: "10.1.0.2", interface: 0, vni: 0 },
    { mac: ROUTERS, router: false },
  ],
  [
    { address: "10.1.0.3", interface: 2, vni: 0 },
    { mac: OURS, router: false },
  ],
  [
    { address: "2001:db8::a1:b2c3", interface: 0, vni: 0 },
    { mac: OURS, router: false },
  ],
  [
    { address: "fe80::1", interface: 1, vni: 0 },
    { mac: ROUTERS, router: true },
  ],
] as const;

beforeEach(() => {
  pair.both((running) => {
    for (const [key, value] of ENTRANCES) running.map("zeta_node_entrances").set(key, value);
  });
});

async function ask(packet: Packet): Promise<Outcome> {
  const [outcome] = (await pair.run([packet])) as [Outcome];
  return outcome;
}

async function expectAnswer(packet: Packet, expression: string): Promise<void> {
  const outcome = await ask(packet);
  expect(outcome).toHaveVerdict("transmit");
  expect(outcome).toEqualPacket(await judges.built(expression));
  expect(await judges.wireshark.faults([outcome.packet])).toEqual([]);
}

async function expectLeft(packet: Packet): Promise<void> {
  const outcome = await ask(packet);
  expect(outcome).toHaveVerdict("pass");
  expect(outcome).toEqualPacket(packet);
}

const reply = (own: string, address: string, to: string, tags = ""): string =>
  `Ether(src="${own}", dst="${ASKER}")${tags}/ARP(op=2, hwsrc="${own}", psrc="${address}", hwdst="${ASKER}", pdst="${to}")`;

describe("ARP", () => {
  const request = arp("10.1.0.200", "10.1.0.1").request();

  test("a request for an entrance is answered, tagged as it came", async () => {
    await expectAnswer(request, reply(OURS, "10.1.0.1", "10.1.0.200"));
    await expectAnswer(vlan(10, request), reply(OURS, "10.1.0.1", "10.1.0.200", "/Dot1Q(vlan=10)"));
    const tags = [
      { id: 100, protocol: "802.1ad" },
      { id: 7, priority: 5 },
    ] as const;
    const scapys = "/Dot1AD(vlan=100, type=0x8100)/Dot1Q(vlan=7, prio=5)";
    await expectAnswer(vlan(tags, request), reply(OURS, "10.1.0.1", "10.1.0.200", scapys));
  });

  test("to our MAC address too, which is how a neighbour is polled", async () => {
    const poll = request.with({ ethernet: { destination: OURS } });
    await expectAnswer(poll, reply(OURS, "10.1.0.1", "10.1.0.200"));
    await expectLeft(request.with({ ethernet: { destination: "02:5a:00:00:00:ff" } }));
  });

  test("an interface's own entrance comes before that of all; another interface's is none", async () => {
    await expectAnswer(arp("10.1.0.200", "10.1.0.2").request(), reply(OURS, "10.1.0.2", "10.1.0.200"));
    await expectLeft(arp("10.1.0.200", "10.1.0.3").request());
    pair.both((running) => running.map("zeta_node_entrances").delete({ address: "10.1.0.2", interface: 1, vni: 0 }));
    await expectAnswer(arp("10.1.0.200", "10.1.0.2").request(), reply(ROUTERS, "10.1.0.2", "10.1.0.200"));
  });

  test("a probe (RFC 5227) is answered", () =>
    expectAnswer(arp("0.0.0.0", "10.1.0.1").request(), reply(OURS, "10.1.0.1", "0.0.0.0")));

  test("padding stays", async () => {
    const padded = fromBytes(Uint8Array.of(...request.bytes, ...new Uint8Array(18).fill(0xee)));
    const outcome = await ask(padded);
    expect(outcome).toHaveVerdict("transmit");
    expect([...outcome.packet.bytes.slice(42)]).toEqual([...padded.bytes.slice(42)]);
  });

  test.each<readonly [string, Packet]>([
    ["an unknown address", arp("10.1.0.200", "10.1.0.99").request()],
    ["an announcement", arp("10.1.0.1", "10.1.0.1").request()],
    ["a reply", arp("10.1.0.200", "10.1.0.1").reply()],
    ["a reverse request", request.with({ arp: { operation: 3 } })],
    ["another hardware", request.with({ arp: { hardwareType: 6 } })],
    ["another protocol", request.with({ arp: { protocolType: 0x86dd } })],
    ["another hardware size", request.with({ arp: { hardwareLength: 8 } })],
    ["another protocol size", request.with({ arp: { protocolLength: 16 } })],
    ["a sender that is a group", request.with({ arp: { senderMac: "33:33:00:00:00:01" } })],
    ["a frame from a group", request.with({ ethernet: { source: "01:00:5e:00:00:01" } })],
  ])("%s is left to the host", async (_, packet) => expectLeft(packet));
});

describe("neighbour discovery", () => {
  const target = "2001:db8::a1:b2c3";
  const group = { ethernet: { destination: "33:33:ff:a1:b2:c3" } };
  const asked = icmpv6("2001:db8::7", "ff02::1:ffa1:b2c3").neighbourSolicitation(target, group);
  const options = (...list: readonly object[]) => asked.with({ icmpv6: { options: list as never } });
  const bare = options();

  const advertisement = (own: string, of: string, to: string, flags: string, link = ASKER, tags = ""): string =>
    `Ether(src="${own}", dst="${link}")${tags}/IPv6(src="${of}", dst="${to}", hlim=255)/ICMPv6ND_NA(tgt="${of}", ${flags})/ICMPv6NDOptDstLLAddr(lladdr="${own}")`;
  const plain = advertisement(OURS, target, "2001:db8::7", "R=0, S=1, O=1");

  test("a solicitation is answered, tagged as it came", async () => {
    await expectAnswer(asked, plain);
    const tagged = advertisement(OURS, target, "2001:db8::7", "R=0, S=1, O=1", ASKER, "/Dot1Q(vlan=10)");
    await expectAnswer(vlan(10, asked), tagged);
  });

  test("one to the address itself too, when it reaches our MAC address", async () => {
    const poll = icmpv6("2001:db8::7", target).neighbourSolicitation(target, { ethernet: { destination: OURS } });
    await expectAnswer(poll, plain);
    await expectLeft(poll.with({ ethernet: { destination: "02:5a:00:00:00:ff" } }));
  });

  test("without options the answer goes where the frame came from; with, where they say", async () => {
    await expectAnswer(bare, plain);
    const elsewhere = options({ kind: "sourceLinkAddress", mac: "02:00:00:00:00:77" });
    const there = advertisement(OURS, target, "2001:db8::7", "R=0, S=1, O=1", "02:00:00:00:00:77");
    await expectAnswer(elsewhere, there);
  });

  test("a router's entrance says so", async () => {
    const from = icmpv6("fe80::7", "ff02::1:ff00:1").neighbourSolicitation("fe80::1", {
      ethernet: { destination: "33:33:ff:00:00:01" },
    });
    await expectAnswer(from, advertisement(ROUTERS, "fe80::1", "fe80::7", "R=1, S=1, O=1"));
  });

  test("duplicate address detection is answered to all nodes, with and without a nonce (RFC 7527)", async () => {
    const all = advertisement(OURS, target, "ff02::1", "R=0, S=0, O=1", "33:33:00:00:00:01");
    await expectAnswer(bare.with({ source: "::" }), all);
    const nonce = { kind: "other", type: 14, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    await expectAnswer(options(nonce).with({ source: "::" }), all);
  });

  test("other options are passed over, up to 48 bytes of them", async () => {
    const other = (units: number) => ({ kind: "other", type: 14, data: new Uint8Array(8 * units - 2).fill(7) });
    const sender = { kind: "sourceLinkAddress", mac: ASKER };
    for (const list of [
      [other(1), sender],
      [sender, other(2)],
      [other(5), sender],
      [sender, other(1), other(3), other(1)],
    ])
      await expectAnswer(options(...list), plain);
    await expectLeft(options(other(6), sender));
    await expectLeft(options(other(1), other(2), other(3), other(1)));
  });

  test.each<readonly [string, Packet]>([
    ["an unknown address", icmpv6("fe80::7", "ff02::1:ff00:2").neighbourSolicitation("fe80::2", group)],
    ["a hop limit of 254", asked.with({ ttl: 254 })],
    ["a hop limit of 64", asked.with({ ttl: 64 })],
    ["another code", asked.with({ icmpv6: { code: 1 } })],
    ["a wrong checksum", asked.with({ checksum: "wrong" })],
    ["an advertisement", icmpv6("fe80::7", "fe80::1").neighbourAdvertisement("fe80::1")],
    ["a group's address", icmpv6("fe80::7", "ff02::1:ff00:1").neighbourSolicitation("ff02::1:ff00:1", group)],
    ["a sender that is a group", asked.with({ source: "ff02::7" })],
    ["the address as its own sender", asked.with({ source: target })],
    ["the group of another address", asked.with({ destination: "ff02::1:ffa1:b2c4" })],
    ["all nodes", asked.with({ destination: "ff02::1" })],
    ["no sender, and the sender's link address", asked.with({ source: "::" })],
    ["no sender, and not to the group", bare.with({ source: "::", destination: target })],
    ["an option without length", options({ kind: "malformed", data: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) })],
    ["an option beyond the end", options({ kind: "malformed", data: Uint8Array.of(14, 2, 0, 0, 0, 0, 0, 0) })],
    ["half an option", options({ kind: "malformed", data: Uint8Array.of(14, 1, 0, 0) })],
    ["a link address that is a group's", options({ kind: "sourceLinkAddress", mac: "33:33:00:00:00:01" })],
    ["a frame from a group", asked.with({ ethernet: { source: "33:33:00:00:00:01" } })],
    ["extension headers", asked.with({ extensions: [{ kind: "hopByHop" }] })],
  ])("with %s: left to the host", async (_, packet) => expectLeft(packet));

  test("one bit wrong anywhere in the IPv6 packet: left to the host", async () => {
    // Neither the traffic class and flow label, nor the link layer are covered.
    for (let bit = 8 * 18; bit < 8 * asked.bytes.length; bit++) {
      const flipped = asked.bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expectLeft(fromBytes(flipped));
    }
  });

  test.each([
    ["a request", arp("10.1.0.200", "10.1.0.1").request()],
    ["a tagged request", vlan([3, 4], arp("10.1.0.200", "10.1.0.1").request())],
    ["a solicitation", asked],
    ["a solicitation without options", bare],
    ["a tagged solicitation", vlan(3, asked)],
  ])("%s cut at every byte is left to the host", async (_, packet) => {
    for (const cut of truncations(packet).slice(SHORTEST)) await expectLeft(cut);
    await using running = await interpreter.load(source);
    for (const cut of truncations(packet).slice(0, SHORTEST)) {
      const [outcome] = (await running.run(cut)) as [Outcome];
      expect(outcome).toHaveVerdict("pass");
      expect(outcome).toEqualPacket(cut);
    }
  });
});

test("random packets: nothing but sane questions is answered, and answers are right", async () => {
  const draw = random(61);
  const questions = [
    arp("10.1.0.200", "10.1.0.1").request(),
    icmpv6("fe80::7", "ff02::1:ff00:1").neighbourSolicitation("fe80::1", {
      ethernet: { destination: "33:33:ff:00:00:01" },
    }),
  ];
  const damaged = Array.from({ length: 300 }, () => {
    const out = draw.pick(questions).bytes.slice();
    out[draw.below(out.length)] = draw.below(256);
    return fromBytes(out);
  });
  const answers: Packet[] = [];
  for (const packet of [...packets(62, 200, { shortest: 14 }), ...damaged]) {
    const outcome = await ask(packet);
    if (outcome.verdict !== "transmit") expect(outcome).toEqualPacket(packet);
    else answers.push(outcome.packet);
  }
  expect(answers.length).toBeGreaterThan(50);
  for (const answer of answers) {
    const last = answer.layers.at(-1);
    if (last?.kind === "icmpv6") expect(answer).toHaveValidChecksums();
    expect(last).toMatchObject(last?.kind === "arp" ? { operation: 2 } : { kind: "icmpv6", type: 136 });
    await expectLeft(answer);
  }
  expect(await judges.wireshark.faults(answers)).toEqual([]);
});

takenAsMadeByAll(source, 1600, [...packets(63, 30, { shortest: 14 })]);
