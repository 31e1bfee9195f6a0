/** Fragments of a service's traffic: all go where the first goes, in both directions; what cannot be told goes nowhere, by name. */
import { describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { fragments, type Outcome, type Packet, tcp, udp } from "../kit/index.ts";

const rewriters = new URL("./programs/rewriters.ts", import.meta.url);
const pair = pairOf(rewriters);
const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;
const data = Uint8Array.from({ length: 500 }, (_, i) => i);

let lastPort = 30_000;
let lastId = 100;
const pieces = (packet: Packet): Packet[] => fragments(packet, { size: 160, identification: ++lastId });

const FAMILIES = [
  ["IPv4", (port: number) => `10.0.0.7:${port}`, "10.1.0.1:80", (port: number) => `192.0.2.9:${port}`, "10.2.0.1:8080"],
  [
    "IPv6",
    (port: number) => `[2001:db8::7]:${port}`,
    "[2001:db8:1::1]:80",
    (port: number) => `[2001:db8:9::9]:${port}`,
    "[2001:db8:2::1]:8080",
  ],
] as const;

/** A hop older, between the MAC addresses of its way. */
function onItsWay(packet: Packet, outcome: Outcome): Packet {
  const { source: sourceMac, destination: destinationMac } = outcome.packet.layer("ethernet");
  const network = packet.layers.find((layer) => layer.kind === "ipv4" || layer.kind === "ipv6");
  const ttl = network?.kind === "ipv4" ? network.ttl : network?.kind === "ipv6" ? network.hopLimit : 0;
  return packet.with({ ttl: ttl - 1, sourceMac, destinationMac });
}

/** The pieces of what goes in come out as the pieces of what is expected. */
async function expectPieces(sent: Packet, expected: Packet, order?: readonly number[]): Promise<void> {
  const id = ++lastId;
  const [from, to] = [sent, expected].map((packet) => fragments(packet, { size: 160, identification: id })) as [
    Packet[],
    Packet[],
  ];
  for (const index of order ?? from.keys()) {
    const outcome = await one(from[index] as Packet);
    expect(outcome).toHaveVerdict("redirect");
    expect(outcome).toEqualPacket(onItsWay(to[index] as Packet, outcome));
  }
}

describe.each(FAMILIES)("%s", (_, client, to, outside, backend) => {
  test.each([
    ["UDP", udp],
    ["TCP", tcp],
  ] as const)("%s: there and back, whichever ends change, in any order behind the first", async (_name, make) => {
    for (const change of [1, 2, 3, 4]) {
      const from = client(++lastPort);
      const source = outside(++lastPort);
      const value = { change, source, destination: backend };
      pair.both((running) => running.config.set("first.flows", [{ key: { port: lastPort - 1 }, value }]));
      const left = {
        source: (change & 1) === 1 ? source : from,
        destination: (change & 2) === 2 ? backend : to,
      };
      await expectPieces(make(from, to).payload(data), make(left.source, left.destination).payload(data));
      await expectPieces(make(left.destination, left.source).payload(data), make(to, from).payload(data), [0, 3, 1, 2]);
    }
  });

  test("one without its first, or that reaches into it, and a first that is too short", async () => {
    const [first, second, third] = pieces(udp(client(++lastPort), to).payload(data)) as [Packet, Packet, Packet];
    const drops = async (packet: Packet, reason: string) => {
      const outcome = await one(packet);
      expect(outcome).toHaveVerdict("drop");
      expect(outcome.reason).toBe(`service: ${reason}`);
      expect(outcome).toEqualPacket(packet);
    };
    await drops(second, "fragment without its first");
    expect(await one(first)).toHaveVerdict("redirect");
    expect(await one(third)).toHaveVerdict("redirect");
    pair.both((running) => running.advance("3s"));
    await drops(second, "fragment without its first");
    const id = ++lastId;
    const long = fragments(udp(client(lastPort), to).payload(data), { size: 160, identification: id });
    const short = fragments(udp(client(lastPort), to).payload(data), { size: 80, identification: id });
    await one(long[0] as Packet);
    await drops(short[1] as Packet, "overlapping fragment");
    await drops(fragments(tcp(client(lastPort), to).syn(), { size: 8 })[0] as Packet, "tiny first fragment");
  });

  test("the first is refused: the others have no flow", async () => {
    const from = client(++lastPort);
    const value = { change: 5, source: outside(1), destination: backend };
    pair.both((running) => running.config.set("first.flows", [{ key: { port: lastPort }, value }]));
    const [first, second] = pieces(udp(from, to).payload(data)) as [Packet, Packet];
    expect((await one(first)).reason).toBe("first: unwanted");
    expect((await one(second)).reason).toBe("service: fragment of no flow");
  });
});
