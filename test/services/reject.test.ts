/** What `reject` answers: a reset to TCP (RFC 9293 section 3.10.7.1), "administratively prohibited" to the rest, and to whom it says nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import {
  fragments,
  icmp,
  icmpv6,
  type Outcome,
  type Packet,
  packets,
  type TcpConversation,
  type TcpFlag,
  tcp,
  toHex,
  udp,
  vlan,
} from "../kit/index.ts";
import { type Oracle, startOracle } from "../kit-tests/oracle.ts";

const pair = pairOf(new URL("./programs/refuser.ts", import.meta.url));

let oracle: Oracle;
beforeAll(() => {
  oracle = startOracle();
});
afterAll(() => oracle.close());

async function refused(packet: Packet): Promise<Outcome> {
  // Errors are rationed by time: test/errors holds them to it.
  pair.both((running) => running.advance("1s"));
  const before = pair.both((running) => running.drops()["refuser: closed"] ?? 0n);
  const [outcome] = (await pair.run([packet])) as [Outcome];
  expect(pair.both((running) => running.drops()["refuser: closed"])).toBe(before + 1n);
  return outcome;
}

/** Scapy computes every length and checksum anew and must come to the same bytes. */
async function expectRightToScapy(packet: Packet): Promise<void> {
  expect(packet).toHaveValidChecksums();
  const hex = toHex(packet.bytes);
  expect((await oracle.ask<{ rebuilt: string }>({ read: hex })).rebuilt).toBe(hex);
}

async function expectReset(packet: Packet, expected: Packet): Promise<void> {
  const outcome = await refused(packet);
  expect(outcome).toHaveVerdict("transmit");
  expect(outcome).toEqualPacket(expected);
  await expectRightToScapy(outcome.packet);
}

const families: readonly (readonly [string, TcpConversation])[] = [
  ["IPv4", tcp("10.0.0.7:40000", "10.1.0.1:80")],
  ["IPv6", tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80")],
];

const laterOf = (packet: Packet): Packet => fragments(packet, { size: 48, identification: 9 })[1] as Packet;

describe.each(families)("TCP over %s", (_, client) => {
  const numbers = { sequence: 0xffff_fffe, acknowledgement: 77 };
  const made = (flags: readonly TcpFlag[], payload = "", ttl = 1): Packet =>
    client.packet(flags, { tcp: numbers, payload, ttl, dscp: 46, ecn: 3 });
  const answer = (flags: readonly TcpFlag[], fields: { sequence: number; acknowledgement: number }): Packet =>
    client.reverse().packet(flags, { tcp: { ...fields, window: 0 } });

  test.each<readonly [string, readonly TcpFlag[], string, number]>([
    ["SYN", ["syn"], "", 1],
    ["SYN with data", ["syn"], "hello", 6],
    ["data", ["psh"], "hello", 5],
    ["data of the greatest length", ["psh"], "x".repeat(1400), 1400],
    ["FIN", ["fin"], "", 1],
    ["FIN with data", ["fin"], "hello", 6],
    ["SYN and FIN", ["syn", "fin"], "", 2],
    ["nothing", [], "", 0],
  ])("%s without ACK: reset, acknowledging all it holds", async (_, flags, payload, taken) => {
    await expectReset(
      made(flags, payload),
      answer(["rst", "ack"], { sequence: 0, acknowledgement: (numbers.sequence + taken) % 2 ** 32 }),
    );
  });

  test.each<readonly [string, readonly TcpFlag[], string]>([
    ["SYN", ["syn", "ack"], ""],
    ["data", ["psh", "ack"], "hello"],
    ["FIN", ["fin", "ack"], ""],
    ["nothing else", ["ack"], ""],
  ])("%s with ACK: reset where the sender expects it", async (_, flags, payload) => {
    await expectReset(made(flags, payload), answer(["rst"], { sequence: 77, acknowledgement: 0 }));
  });

  test("TCP options are not sent back", async () => {
    const packet = client.syn({
      options: [
        { kind: "mss", value: 1460 },
        { kind: "timestamps", value: 1, echo: 0 },
      ],
    });
    await expectReset(packet, answer(["rst", "ack"], { sequence: 0, acknowledgement: 1001 }));
  });

  test("the padding of a short frame is no data", async () => {
    const layer = client === families[0]?.[1] ? "ipv4" : "ipv6";
    const packet = client.syn({ [layer]: { trailer: new Uint8Array(6) } });
    await expectReset(packet, answer(["rst", "ack"], { sequence: 0, acknowledgement: 1001 }));
  });

  test("behind tags: the answer goes back behind the same", async () => {
    const tags = [{ id: 100, protocol: "802.1ad" }, { id: 10 }] as const;
    await expectReset(
      vlan(tags, client.syn()),
      vlan(tags, answer(["rst", "ack"], { sequence: 0, acknowledgement: 1001 })),
    );
  });

  test.each([
    ["a reset", made(["rst"])],
    ["a reset with ACK", made(["rst", "ack"])],
    ["a reset of an opening", made(["rst", "syn"])],
    ["a first fragment", fragments(client.payload("x".repeat(100)), { size: 48 })[0] as Packet],
    ["a frame to a group", client.syn({ destinationMac: "01:00:5e:00:00:01" })],
    ["a broadcast frame", client.syn({ destinationMac: "ff:ff:ff:ff:ff:ff" })],
  ])("%s is not answered", async (_, packet) => {
    const outcome = await refused(packet);
    expect(outcome).toHaveVerdict("drop");
    expect(outcome).toEqualPacket(packet);
  });
});

test("IPv4 options go back as they came", async () => {
  const options = [{ kind: "routerAlert", value: 0 } as const];
  const client = tcp("10.0.0.7:40000", "10.1.0.1:80", { ipv4: { options, identification: 7 } });
  const fields = { sequence: 0, acknowledgement: 1001, window: 0 };
  await expectReset(client.syn(), client.reverse().packet(["rst", "ack"], { tcp: fields }));
});

test.each([
  ["IPv6 extension headers", tcp("[2001:db8::7]:1", "[2001:db8::1]:2").syn({ extensions: [{ kind: "hopByHop" }] })],
  ["a multicast source", udp("224.0.0.1:1", "10.1.0.1:2").payload("?")],
  ["no source", udp("0.0.0.0:68", "10.1.0.1:67").payload("?")],
  ["a multicast destination", udp("10.0.0.7:5353", "224.0.0.251:5353").payload("?")],
  ["a broadcast destination", udp("10.0.0.7:5353", "255.255.255.255:67").payload("?")],
  ["an IPv6 multicast destination", udp("[2001:db8::7]:5353", "[ff02::fb]:5353").payload("?")],
  ["no IPv6 source", udp("[::]:546", "[2001:db8::1]:547").payload("?")],
])("%s: no answer", async (_, packet) => {
  expect(await refused(packet)).toHaveVerdict("drop");
});

test.each<readonly [string, Packet]>([
  ["UDP", udp("10.0.0.7:5000", "10.1.0.1:53").payload("question")],
  ["UDP without data", udp("10.0.0.7:5000", "10.1.0.1:53").payload()],
  ["UDP of the greatest length", udp("10.0.0.7:5000", "10.1.0.1:53").payload("x".repeat(1472))],
  ["an echo", icmp("10.0.0.7", "10.1.0.1").echo({ payload: "ping" })],
])("%s over IPv4: prohibited", async (_, packet) => {
  const outcome = await refused(packet);
  expect(outcome).toHaveVerdict("transmit");
  const { source, destination } = packet.layer("ipv4");
  const back = icmp(source, destination, { dscp: 48 }).reverse();
  expect(outcome).toEqualPacket(back.unreachable(packet, 13));
  await expectRightToScapy(outcome.packet);
});

test.each<readonly [string, Packet]>([
  ["UDP", udp("[2001:db8::7]:5000", "[2001:db8::1]:53").payload("question")],
  ["UDP of the greatest length", udp("[2001:db8::7]:5000", "[2001:db8::1]:53").payload("x".repeat(1452))],
  ["an echo", icmpv6("2001:db8::7", "2001:db8::1").echo({ payload: "ping" })],
])("%s over IPv6: prohibited", async (_, packet) => {
  const outcome = await refused(packet);
  expect(outcome).toHaveVerdict("transmit");
  const { source, destination } = packet.layer("ipv6");
  const back = icmpv6(source, destination, { dscp: 48 }).reverse();
  expect(outcome).toEqualPacket(back.unreachable(packet, 1));
  await expectRightToScapy(outcome.packet);
});

test.each([
  ["an echo reply", icmp("10.1.0.1", "10.0.0.7").echoReply()],
  ["an ICMP error", icmp("10.0.0.7", "10.1.0.1").unreachable(udp("10.1.0.1:1", "10.0.0.7:2").payload("?"))],
  [
    "an ICMPv6 error",
    icmpv6("2001:db8::7", "2001:db8::1").timeExceeded(udp("[2001:db8::1]:1", "[2001:db8::7]:2").payload("?")),
  ],
])("%s is not answered", async (_, packet) => {
  expect(await refused(packet)).toHaveVerdict("drop");
});

test.each([
  ["TCP", laterOf(tcp("10.0.0.7:1", "10.1.0.1:2").payload("x".repeat(99)))],
  ["UDP", laterOf(udp("10.0.0.7:1", "10.1.0.1:2").payload("x".repeat(99)))],
  ["TCP over IPv6", laterOf(tcp("[2001:db8::7]:1", "[2001:db8::1]:2").payload("x".repeat(99)))],
])("a later fragment of %s is not even asked about", (_, packet) =>
  expectUnasked(packet, "fragment without its first"),
);

async function expectUnasked(packet: Packet, reason: string): Promise<void> {
  const counts = () => pair.both((running) => running.drops());
  const before = counts();
  const [outcome] = (await pair.run([packet])) as [Outcome];
  expect(outcome).toHaveVerdict("drop");
  expect(counts()).toEqual({ ...before, [`service: ${reason}`]: (before[`service: ${reason}`] ?? 0n) + 1n });
  expect(outcome).toEqualPacket(packet);
}

test("random packets: whatever is answered is right, and answers are not answered", async () => {
  let answers = 0;
  for (const packet of packets(51, 300, { broken: 0, shortest: 14 })) {
    pair.both((running) => running.advance("1s"));
    const [outcome] = (await pair.run([packet])) as [Outcome];
    if (outcome.verdict !== "transmit") continue;
    answers += 1;
    await expectRightToScapy(outcome.packet);
    expect((await pair.run([outcome.packet]))[0]).toHaveVerdict("drop");
  }
  expect(answers).toBeGreaterThan(50);
});
