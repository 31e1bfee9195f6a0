/** `answer`: the packet goes back, turned round, with the filter's edits; every checksum right, and scapy agrees. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { fragments, icmp, icmpv6, type Outcome, type Packet, type TcpOption, tcp, toHex, udp } from "../kit/index.ts";
import { type Oracle, startOracle } from "../kit-tests/oracle.ts";
import { problemsOf, told, withoutMark } from "../language/harness.ts";

const pair = pairOf(new URL("./programs/answering.ts", import.meta.url), { config: { "answering.closed": [] } });

let oracle: Oracle;
beforeAll(() => {
  oracle = startOracle();
});
afterAll(() => oracle.close());

const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;

async function expectAnswer(packet: Packet, expected: Packet): Promise<void> {
  const outcome = await one(packet);
  expect(outcome).toHaveVerdict("transmit");
  expect(outcome).toEqualPacket(expected);
  expect(outcome.packet).toHaveValidChecksums();
  const hex = toHex(outcome.packet.bytes);
  expect((await oracle.ask<{ rebuilt: string }>({ read: hex })).rebuilt).toBe(hex);
}

const nops = (count: number): TcpOption[] => new Array(count).fill({ kind: "nop" });
const families = [
  ["IPv4", "10.0.0.7", "10.1.0.1"],
  ["IPv6", "[2001:db8::7]", "[2001:db8:1::1]"],
] as const;

describe.each(families)("over %s", (_, from, to) => {
  const usual: TcpOption[] = [
    { kind: "mss", value: 1460 },
    { kind: "sackPermitted" },
    { kind: "timestamps", value: 7, echo: 0 },
    { kind: "nop" },
    { kind: "windowScale", shift: 7 },
  ];
  test.each<[string, TcpOption[], TcpOption[]]>([
    ["without options", [], []],
    ["with an MSS", [{ kind: "mss", value: 9000 }], [{ kind: "mss", value: 1400 }]],
    ["with what Linux sends", usual, [{ kind: "mss", value: 1400 }, ...nops(16)]],
    ["with as many as there can be", nops(40), [{ kind: "mss", value: 1400 }, ...nops(36)]],
  ])("a SYN %s is answered by a SYN-ACK with nothing but an MSS", async (_name, options, left) => {
    const client = tcp(`${from}:40000`, `${to}:80`);
    const same = { ecn: 2, dscp: 10 };
    await expectAnswer(
      client.packet(["syn", "ece", "cwr"], { ...same, ttl: 3, options, tcp: { sequence: 0xffff_ffff } }),
      client.reverse().packet(["syn", "ack"], {
        ...same,
        ttl: 64,
        options: left,
        tcp: { sequence: 0x1234_5678, acknowledgement: 0, window: 4096 },
      }),
    );
  });

  test("every flag can be set and cleared, and all options taken out", async () => {
    const client = tcp(`${from}:40000`, `${to}:81`);
    await expectAnswer(
      client.packet(["syn", "ack"], { options: usual, payload: "odd" }),
      client.reverse().packet(["ack", "rst", "psh", "urg", "fin"], {
        options: nops(20),
        payload: "odd",
        ttl: 64,
        tcp: { sequence: 1000, acknowledgement: 5001 },
      }),
    );
  });

  test("UDP as it came", async () => {
    const client = udp(`${from}:4000`, `${to}:7`);
    await expectAnswer(client.payload("hello", { ttl: 1 }), client.reverse().payload("hello", { ttl: 64 }));
  });
});

test("an echo is answered by its reply", async () => {
  const payload = "as much as a ping sends";
  const there = { identifier: 0x1234, sequence: 7, payload };
  const back = { ...there, identifier: 0x4321 };
  await expectAnswer(icmp("10.0.0.7", "10.1.0.1").echo(there), icmp("10.0.0.7", "10.1.0.1").echoReply(back));
  const [from, to] = ["2001:db8::7", "2001:db8:1::1"];
  await expectAnswer(icmpv6(from, to).echo(there), icmpv6(from, to).echoReply(back));
});

test("a UDP checksum that was left out stays out", async () => {
  const client = udp("10.0.0.7:4000", "10.1.0.1:7");
  const outcome = await one(client.payload("hello", { checksum: "zero" }));
  expect(outcome).toEqualPacket(client.reverse().payload("hello", { ttl: 64, checksum: "zero" }));
});

test("addresses and ports may be edited on the way", async () => {
  const client = udp("10.0.0.7:4000", "10.1.0.1:9");
  await expectAnswer(client.payload("hello"), client.reverse().payload("hello", { source: "192.0.2.9:99", ttl: 64 }));
});

test.each([
  ["to a group", udp("10.0.0.7:4000", "224.0.0.5:7").payload("?")],
  ["from nobody", udp("0.0.0.0:4000", "10.1.0.1:7").payload("?")],
  ["to an IPv6 group", udp("[2001:db8::7]:4000", "[ff02::1]:7").payload("?")],
  ["to all stations", udp("10.0.0.7:4000", "10.1.0.1:7").payload("?", { destinationMac: "ff:ff:ff:ff:ff:ff" })],
])("a packet %s is dropped and counted instead", async (_, packet) => {
  const outcome = await one(packet);
  expect(outcome).toHaveVerdict("drop");
  expect(outcome.reason).toBe("service: cannot be answered");
});

test("a first fragment is turned, its sum being that of all; later ones cannot be answered", async () => {
  const whole = udp("10.0.0.7:4000", "10.1.0.1:7").payload("x".repeat(2000));
  const [first, later] = fragments(whole, { size: 1000 }) as [Packet, Packet];
  const outcome = await one(first);
  expect(outcome).toHaveVerdict("transmit");
  expect(outcome).toHaveFields({ "ipv4.source": "10.1.0.1", "ipv4.destination": "10.0.0.7", "udp.sourcePort": 7 });
  // They have the first's port, and so are asked the same.
  expect((await one(later)).reason).toBe("service: cannot be answered");
});

const filtering = (statement: string): string => `
import { answer, drop, middlebox, pass, route, service } from "zeta";
const box = middlebox("box", {
  filter(packet) {
    ${statement}
    return pass();
  },
});
export default service("example", { chain: [box] });`;

test.each([
  ["an answer that is not returned", "§answer(packet);", "ZT2032"],
  ["a drop that is not returned", 'if (packet.length === 60) §drop("sixty");', "ZT2032"],
  ["a route that is not returned", "§route(packet, { vni: 0, address: packet.source });", "ZT2032"],
  ["an echo's identifier", "const echo = packet.icmp(); if (echo !== null) §echo.identifier = 7;", "ZT2030"],
  ["an echo's type", "const echo = packet.icmpv6(); if (echo !== null) §echo.type = 129;", "ZT2030"],
  [
    "the packet's own key in an answer",
    "return answer(packet, () => { §packet.source = packet.destination; });",
    "ZT2030",
  ],
])("%s is refused", async (_, statement, code) => {
  const { text, place } = withoutMark(filtering(statement));
  expect((await problemsOf(text)).map(told)).toEqual([`${code} ${place}`]);
});

test("of an echo's type, another way is told than of addresses", async () => {
  const [problem] = await problemsOf(filtering("const echo = packet.icmp(); if (echo !== null) echo.type = 0;"));
  expect(problem?.fix).toContain("`answer(packet, (reply) => { ... })`");
  const [other] = await problemsOf(filtering("packet.source = packet.destination;"));
  expect(other?.fix).toContain("`flow.rewrite(...)`");
});
