/** Decisions of chains: composed from left to right, applied to every packet of a flow, and undone exactly for its replies. */
import { expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import {
  icmp,
  type Outcome,
  type Overrides,
  type Packet,
  type Random,
  random,
  type TcpConversation,
  targets,
  tcp,
  toHex,
  type UdpConversation,
  udp,
} from "../kit/index.ts";
import { startOracle } from "../kit-tests/oracle.ts";

const pair = pairOf(new URL("./programs/rewriters.ts", import.meta.url));

interface Rule {
  readonly port: number;
  readonly change: number;
  readonly source: string;
  readonly destination: string;
}
const NONE = "0.0.0.0:0";
const rule = (port: number, change: number, source = NONE, destination = NONE): Rule => ({
  port,
  change,
  source,
  destination,
});
const configure = (box: "first" | "second", ...rules: readonly Rule[]): void => {
  const entries = rules.map(({ port, ...value }) => ({ key: { port }, value }));
  pair.both((running) => running.config.set(`${box}.flows`, entries));
};
const portOf = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));

const run = async (...sent: readonly Packet[]): Promise<readonly Outcome[]> => pair.run(sent);
const one = async (packet: Packet): Promise<Outcome> => (await run(packet))[0] as Outcome;

/** The packet as it is sent on: a hop older, between the MAC addresses that the route gave. */
const forwarded = (packet: Packet, overrides: Overrides, outcome: Outcome): Packet => {
  const { source, destination } = outcome.packet.layer("ethernet");
  const network = packet.layers.find((layer) => layer.kind === "ipv4" || layer.kind === "ipv6");
  const ttl = network?.kind === "ipv4" ? network.ttl : network?.kind === "ipv6" ? network.hopLimit : 0;
  return packet.with({ ...overrides, ttl: ttl - 1, sourceMac: source, destinationMac: destination });
};

/** Each flow has ports of its own, so that none meets what another test has left. */
let lastPort = 1024;
const freshPort = (): number => ++lastPort;

type Conversation = (from: string, to: string) => TcpConversation | UdpConversation;
const kinds: readonly (readonly [string, Conversation, (port: number) => string, string])[] = [
  ["TCP", tcp, (port) => `10.0.0.7:${port}`, "10.1.0.1:80"],
  ["UDP", udp, (port) => `10.0.0.7:${port}`, "10.1.0.1:53"],
  ["TCP over IPv6", tcp, (port) => `[2001:db8::7]:${port}`, "[2001:db8:1::1]:80"],
  ["UDP over IPv6", udp, (port) => `[2001:db8::7]:${port}`, "[2001:db8:1::1]:53"],
];

test.each(kinds)("%s: each change of ends, and its reverse", async (_, make, from, to) => {
  const six = to.startsWith("[");
  for (const change of [1, 2, 3, 4]) {
    const port = freshPort();
    const source = six ? `[2001:db8:9::9]:${freshPort()}` : `192.0.2.9:${freshPort()}`;
    const destination = six ? "[2001:db8:2::1]:8080" : "10.2.0.1:8080";
    configure("first", rule(port, change, source, destination));
    const sent = make(from(port), to).payload("there");
    const there = await one(sent);
    expect(there).toHaveVerdict("redirect");
    const ends = {
      ...((change & 1) === 1 ? { source } : {}),
      ...((change & 2) === 2 ? { destination } : {}),
    };
    expect(there).toEqualPacket(forwarded(sent, change === 4 ? {} : ends, there));
    const now = change === 4 ? {} : ends;
    const reply = make(now.destination ?? to, now.source ?? from(port)).payload("back");
    const back = await one(reply);
    expect(back).toEqualPacket(forwarded(reply, { source: to, destination: from(port) }, back));
    expect(back.packet).toHaveValidChecksums();
  }
});

test("what has no port keeps none when a decision names one, and its replies find their way", async () => {
  const [source, destination] = ["192.0.2.9", "10.2.0.1"];
  const identifier = freshPort();
  const pings = icmp("10.0.0.7", "10.1.0.1");
  const answers = icmp(source, destination);
  const back = { source: "10.1.0.1", destination: "10.0.0.7" };
  configure(
    "first",
    rule(identifier, 3, `${source}:7`, `${destination}:8080`),
    rule(0, 3, `${source}:7`, `${destination}:8080`),
  );
  const exchanges = [
    [pings.echo({ identifier }), answers.echo({ identifier: 7 }), answers.echoReply({ identifier: 7 })],
    [pings.message({ type: 13 }), answers.message({ type: 13 }), answers.reverse().message({ type: 14 })],
  ] as const;
  for (const [sent, left, reply] of exchanges) {
    const there = await one(sent);
    expect(there).toHaveVerdict("redirect");
    expect(there).toEqualPacket(forwarded(left, {}, there));
    const returned = await one(reply);
    expect(returned).toHaveVerdict("redirect");
    expect(returned.packet).toHaveFields({ "ipv4.source": back.source, "ipv4.destination": back.destination });
    expect(returned.packet).toHaveValidChecksums();
  }
});

test("chains of random decisions: what goes there comes back, to scapy's satisfaction", async () => {
  const oracle = startOracle();
  try {
    const draw = random(61);
    const endpoint = (port = draw.between(2000, 60_000)) =>
      `10.${draw.below(200)}.${draw.below(256)}.${draw.between(1, 254)}:${port}`;
    for (let round = 0; round < 60; round++) await roundTrip(draw, endpoint, oracle.ask);
  } finally {
    await oracle.close();
  }
});

async function roundTrip(draw: Random, endpoint: (port?: number) => string, ask: <T>(request: object) => Promise<T>) {
  const [from, to] = [endpoint(freshPort()), endpoint()];
  const one1 = rule(portOf(from), draw.between(1, 4), endpoint(), endpoint());
  const left = (one1.change & 2) === 2 && one1.change !== 4 ? one1.destination : to;
  const two = rule(portOf(left), draw.between(1, 4), endpoint(), endpoint());
  configure("first", one1);
  configure("second", two);
  const end = (bit: number, of: "source" | "destination", start: string): string =>
    [one1, two].reduce((now, { change, ...ends }) => (change !== 4 && (change & bit) !== 0 ? ends[of] : now), start);
  const [source, destination] = [end(1, "source", from), end(2, "destination", to)];
  const make = draw.chance(0.5) ? tcp : udp;
  const sent = make(from, to).payload("there");
  const there = await one(sent);
  expect(there).toEqualPacket(forwarded(sent, { source, destination }, there));
  const back = await one(make(destination, source).payload("back"));
  expect(back).toEqualPacket(forwarded(make(to, from).payload("back"), {}, back));
  for (const { packet } of [there, back]) {
    const hex = toHex(packet.bytes);
    expect((await ask<{ rebuilt: string }>({ read: hex })).rebuilt).toBe(hex);
  }
}

test("a drop ends the asking and is not remembered; each is counted by its name", async () => {
  const port = freshPort();
  const sent = tcp(`10.0.0.7:${port}`, "10.1.0.1:7001").syn();
  const counts = () => pair.both((running) => running.drops());
  const before = counts();
  configure("second", rule(7001, 5), rule(7002, 5));
  expect((await one(sent)).reason).toBe("second: not there");
  configure("first", rule(port, 5));
  expect((await one(sent)).reason).toBe("first: unwanted");
  configure("first", rule(port, 2, NONE, "10.2.0.1:7002"));
  expect((await one(sent)).reason).toBe("second: not there");
  configure("second");
  expect(await one(sent)).toHaveVerdict("redirect");
  const after = counts();
  expect([after["second: not there"], after["first: unwanted"]]).toEqual([
    (before["second: not there"] ?? 0n) + 2n,
    (before["first: unwanted"] ?? 0n) + 1n,
  ]);
});

test("addresses stay in their family", async () => {
  const port = freshPort();
  configure("first", rule(port, 2, NONE, "[2001:db8:2::1]:8080"));
  const sent = tcp(`10.0.0.7:${port}`, "10.1.0.1:80").syn();
  const outcome = await one(sent);
  expect(outcome).toHaveVerdict("drop");
  expect(outcome.reason).toBe("service: other address family");
  expect(outcome).toEqualPacket(sent);
});

test("a decision stands under newer config as long as every middlebox holds to it", async () => {
  const port = freshPort();
  const client = tcp(`10.0.0.7:${port}`, "10.1.0.1:80");
  const to = async (packet: Packet) => (await one(packet)).packet.layer("ipv4").destination;
  const sendTo = (destination: string) => configure("first", rule(port, 2, NONE, destination));
  sendTo("10.2.0.1:8080");
  expect(await to(client.syn())).toBe("10.2.0.1");
  sendTo("10.2.0.2:8080");
  expect(await to(client.payload("runs on"))).toBe("10.2.0.1");
  // Known weakness: once the old connection has run under the new config, a new one on its ports is taken for it.
  expect(await to(client.syn())).toBe("10.2.0.1");
  sendTo("10.2.0.3:8080");
  expect(await to(client.syn())).toBe("10.2.0.3");
  configure("first");
  expect(await to(client.payload("let go"))).toBe("10.1.0.1");
});

test("replies of a flow that was let go are nobody's", async () => {
  const port = freshPort();
  const client = tcp(`10.0.0.7:${port}`, "10.1.0.1:80");
  configure("first", rule(port, 2, NONE, "10.2.0.1:8080"));
  const reply = tcp("10.2.0.1:8080", `10.0.0.7:${port}`).payload("late");
  await run(client.syn());
  expect((await one(reply)).packet.layer("ipv4").source).toBe("10.1.0.1");
  configure("first");
  await run(client.payload("let go"));
  expect((await one(reply)).packet.layer("ipv4").source).toBe("10.2.0.1");
});

test("without a route, the rewritten packet is the host's", async () => {
  const source = new URL("./programs/rewriters.ts", import.meta.url);
  for (const target of targets) {
    if ((await target.missing()) !== null) continue;
    const flows = [{ key: { port: 4000 }, value: { change: 2, source: NONE, destination: "10.2.0.1:8080" } }];
    await using running = await target.load(source, { route: null, config: { "first.flows": flows } });
    const sent = tcp("10.0.0.7:4000", "10.1.0.1:80").syn();
    const [outcome] = (await running.run(sent)) as [Outcome];
    expect(outcome).toHaveVerdict("pass");
    expect(outcome).toEqualPacket(sent.with({ destination: "10.2.0.1:8080" }));
  }
});

test("a packet that expires here is the host's, as it came", async () => {
  configure("first");
  for (const ttl of [0, 1]) {
    const sent = tcp(`10.0.0.7:${freshPort()}`, "10.1.0.1:80").syn({ ttl });
    const outcome = await one(sent);
    expect(outcome).toHaveVerdict("pass");
    expect(outcome).toEqualPacket(sent);
  }
});
