/** Fragments on a cluster: those of one packet come to different forwarders, and go on as their first does. */
import { describe, expect, test } from "vitest";
import { dissect, fragments, icmp, listFields, type Packet, udp } from "zeta/testing";
import { type Cluster, type Left, openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { dropsOf, hopsOf, sourceOf, toldOf } from "./told.ts";

compileFirst();

const SECOND = 1_000_000_000n;
const example = (name: string) => new URL(`../../examples/${name}/service.ts`, import.meta.url);
const nat44 = { "nat44.inside": { "10.0.0.0/8": 1 }, "nat44.external": ["203.0.113.8/30"] };
const balancer = {
  "service.listen": ["10.1.0.1:53/udp", "[2001:db8:1::1]:53/udp"],
  "balancer.backends": ["10.2.0.1:8053"],
};
const open = (name: string, config: Record<string, unknown>, ...chains: number[]) =>
  openCluster({ forwarders: 3, chains, services: [{ source: example(name), config }] });

/** "10.0.0.7 > 10.2.0.1": of the only packet that left. */
const between = ([left]: readonly Left[]): string => {
  if (left === undefined || left.how !== "sent") return left?.how ?? "nothing";
  const fields = new Map(listFields(dissect(left.frame)).map(({ path, value }) => [path, value]));
  const family = fields.has("ipv4.source") ? "ipv4" : "ipv6";
  return `${fields.get(`${family}.source`)} > ${fields.get(`${family}.destination`)}`;
};
/** Each by the next forwarder. */
const spray = (cluster: Cluster, all: readonly Packet[], first = 1): string[] =>
  all.map((packet, index) => between(cluster.send(((first + index) % 3) + 1, packet.bytes)));

const long = "x".repeat(3000);

describe.each([[[1]], [[3, 2]]])("chains of %j", (chains) => {
  test.each([
    ["IPv4", "10.0.0.7", "10.1.0.1", "10.2.0.1"],
    ["IPv6", "[2001:db8::7]", "[2001:db8:1::1]", "[2001:db8:2::1]"],
  ] as const)("balancer, %s: a datagram and its answer", async (_, from, service, backend) => {
    const bare = (address: string) => address.replace(/[[\]]/g, "");
    const cluster = await open("balancer", { ...balancer, "balancer.backends": [`${backend}:8053`] }, ...chains);
    for (let port = 5000; port < 5005; port++) {
      const pieces = fragments(udp(`${from}:${port}`, `${service}:53`).payload(long), {
        size: 1200,
        identification: port,
      });
      expect(pieces).toHaveLength(3);
      expect(spray(cluster, pieces, port % 3)).toEqual(Array(3).fill(`${bare(from)} > ${bare(backend)}`));
      const answer = fragments(udp(`${backend}:8053`, `${from}:${port}`).payload(long), {
        size: 1200,
        identification: port,
      });
      expect(spray(cluster, answer, port % 2)).toEqual(Array(3).fill(`${bare(service)} > ${bare(from)}`));
    }
    expect(dropsOf(cluster)).toEqual({});
  });

  test("nat44: an echo there and back", async () => {
    const cluster = await open("nat44", nat44, ...chains);
    const ping = icmp("10.0.0.7", "192.0.2.80").echo({ identifier: 77, payload: long });
    const there = spray(cluster, fragments(ping, { size: 1200, identification: 9 }));
    expect(new Set(there).size).toBe(1);
    const external = there[0]?.split(" > ")[0] ?? "";
    expect(external).toMatch(/^203\.0\.113\./);
    const [first] = cluster.send(1, icmp("10.0.0.7", "192.0.2.80").echo({ identifier: 77 }).bytes);
    const identifier = Buffer.from(first?.frame ?? []).readUInt16BE(38);
    const pong = icmp("192.0.2.80", external).message({ type: 0, identifier, sequence: 1 }, long);
    expect(spray(cluster, fragments(pong, { size: 1200, identification: 10 }), 2)).toEqual(
      Array(3).fill("192.0.2.80 > 10.0.0.7"),
    );
    expect(dropsOf(cluster)).toEqual({});
  });
});

test("a forwarder that knows a packet's first asks nobody about the others", async () => {
  const cluster = await open("balancer", balancer, 2);
  const pieces = fragments(udp("10.0.0.7:5000", "10.1.0.1:53").payload(long), { size: 800 });
  expect(between(cluster.send(1, (pieces[0] as Packet).bytes))).toBe("10.0.0.7 > 10.2.0.1");
  expect(hopsOf(cluster).map((hop) => hop.split(" ")[1])).toEqual([
    "fragment",
    "followed",
    "lookup",
    "decide",
    "update",
    "reply",
  ]);
  cluster.send(1, (pieces[1] as Packet).bytes);
  expect(hopsOf(cluster)).toEqual([]);
  cluster.send(2, (pieces[2] as Packet).bytes);
  expect(hopsOf(cluster).map((hop) => hop.split(" ")[1])).toEqual(["fragment", "followed", "lookup", "reply"]);
  cluster.send(2, (pieces[3] as Packet).bytes);
  expect(hopsOf(cluster)).toEqual([]);
});

test("those without a first go nowhere, and are counted; what is remembered of one is soon forgotten", async () => {
  const cluster = await open("nat44", nat44, 2);
  const pieces = fragments(udp("10.0.0.7:5000", "192.0.2.80:53").payload(long), { size: 1200 });
  const [first, second, third] = pieces as [Packet, Packet, Packet];
  expect(between(cluster.send(1, second.bytes))).toBe("dropped");
  expect(dropsOf(cluster)).toEqual({ "fragment without its first": 1 });
  cluster.send(2, first.bytes);
  expect(between(cluster.send(1, second.bytes))).toMatch(/^203\.0\.113\..* > 192\.0\.2\.80$/);
  cluster.advance(3n * SECOND);
  expect(between(cluster.send(3, third.bytes))).toBe("dropped");
  expect(dropsOf(cluster)).toEqual({ "fragment without its first": 2 });
});

test("those whose flow was refused are of no flow", async () => {
  const cluster = await open("nat44", nat44, 2);
  const [first, second] = fragments(udp("192.0.2.80:53", "203.0.113.8:7777").payload(long), { size: 1200 }) as Packet[];
  expect(between(cluster.send(1, (first as Packet).bytes))).toBe("dropped");
  expect(between(cluster.send(2, (second as Packet).bytes))).toBe("dropped");
  expect(dropsOf(cluster)).toEqual({ "nobody has the port": 1, "fragment of no flow": 1 });
});

test("an answer's port stays what it is", async () => {
  const cluster = await open("nat44", nat44, 2);
  const whole = toldOf(cluster.send(1, udp("10.0.0.7:5000", "192.0.2.80:53").payload("?").bytes));
  const pieces = fragments(udp("10.0.0.7:5000", "192.0.2.80:53").payload(long), { size: 1200 });
  expect(sourceOf(toldOf(cluster.send(3, (pieces[0] as Packet).bytes)))).toBe(sourceOf(whole));
});
