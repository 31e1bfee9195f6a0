/**
 * A service that takes all of a network beside one that listens at addresses there: what comes back to the clients of the one is none of
 * the other's, whichever forwarder it comes to; and costs nobody anything who has no such neighbour.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { icmp, icmpv6, type Packet, tcp, udp } from "zeta/testing";
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
import type { Path } from "../../runtime/cluster/data-plane.ts";
import { addressOf, CLUSTER_SIDE, type Cluster, openCluster } from "../kit/cluster/cluster.ts";
import { operationOf } from "../kit/cluster/operation.ts";
import { onBothTargets } from "./both-targets.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, hopsOf, quoted, sourceOf, toldOf } from "./told.ts";

compileFirst();

const example = (name: string) => new URL(`../../examples/${name}/service.ts`, import.meta.url);
const balancer = (at: string, ...backends: string[]) => ({
  source: example("balancer"),
  config: { "service.listen": [`${at}:80/tcp`, `${at}:53/udp`], "balancer.backends": backends },
});
const balancer4 = balancer("10.1.0.1", "10.2.0.1:8080", "10.2.0.2:8080");
const balancer6 = balancer("[2001:db8:1::1]", "[2001:db8:2::1]:8080", "[2001:db8:2::2]:8080");
/** Backends are inside: what they send would open flows of their own. */
const firewall = {
  source: example("stateful-firewall"),
  config: { "firewall.inside": { "10.0.0.0/8": 1, "2001:db8::/32": 1 } },
};
const FAMILIES = [
  ["IPv4", "198.51.100.7", "10.1.0.1", "10.0.0.9", (to: string) => icmp("100.64.0.9", to)],
  ["IPv6", "[2001:db9::7]", "[2001:db8:1::1]", "[2001:db8::9]", (to: string) => icmpv6("2001:db8:ffff::9", to)],
] as const;
const bare = (address: string): string => address.replace(/[[\]]/g, "");
const bracketed = (end: string): string => end.replace(/^([0-9a-f:]*:[0-9a-f:]*):(\d+)$/, "[$1]:$2");

describe.each([[[1]], [[2]], [[3]], [[3, 2]]])("chains of %j", (chains) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster({ forwarders: 3, chains, services: [firewall, balancer4, balancer6] });
  }, 120_000);
  let turn = 0;
  /** By one forwarder after the other. */
  const passes = (packet: Packet): string => toldOf(cluster.send(1 + (turn++ % 3), packet.bytes));

  test.each(FAMILIES)("connections to the balancer, and its clients' datagrams: %s", (_, from, service) => {
    for (let port = 40_000; port < 40_020; port++) {
      const client = tcp(`${from}:${port}`, `${service}:80`);
      const there = passes(client.syn());
      const backend = bracketed(destinationOf(there));
      expect(backend).toMatch(/:8080$/);
      const server = tcp(backend, `${from}:${port}`);
      const back = `sent ${bare(service)}:80 > ${bare(from)}:${port}`;
      // Whoever comes first after the SYN: an answer, or the client again.
      if (port % 2 === 0) expect(passes(client.syn())).toBe(there);
      expect(passes(server.synAck())).toBe(back);
      expect(passes(client.ack())).toBe(there);
      for (let again = 0; again < 4; again++) {
        expect(passes(server.payload("200"))).toBe(back);
        expect(passes(client.payload("GET /"))).toBe(there);
      }
      expect(passes(server.fin())).toBe(back);
      expect(passes(client.fin())).toBe(there);
      expect(passes(server.ack())).toBe(back);

      const asks = udp(`${from}:${port}`, `${service}:53`);
      const asked = passes(asks.payload("?"));
      const answers = udp(bracketed(destinationOf(asked)), `${from}:${port}`);
      for (let again = 0; again < 3; again++)
        expect(passes(answers.payload("!"))).toBe(`sent ${bare(service)}:53 > ${bare(from)}:${port}`);
    }
    expect(dropsOf(cluster)).toEqual({});
  });

  test.each(FAMILIES)("flows of the firewall itself: %s", (_, outside, __, inside) => {
    for (let port = 50_000; port < 50_020; port++) {
      const [out, back] = [tcp(`${inside}:${port}`, `${outside}:443`), tcp(`${outside}:443`, `${inside}:${port}`)];
      const before = dropsOf(cluster);
      expect(passes(back.syn())).toBe("dropped");
      expect(dropsOf(cluster)).toEqual(before);
      const there = `sent ${bare(inside)}:${port} > ${bare(outside)}:443`;
      expect(passes(out.syn())).toBe(there);
      expect(passes(back.synAck())).toBe(`sent ${bare(outside)}:443 > ${bare(inside)}:${port}`);
      expect(passes(out.ack())).toBe(there);
      for (const packet of [back.fin(), out.fin(), out.ack()]) expect(passes(packet)).toMatch(/^sent/);
    }
  });

  test.each(FAMILIES)("errors about the balancer's flows, at a forwarder that has not seen them: %s", (...row) => {
    const [, from, service, , errors] = row;
    const there = destinationOf(toldOf(cluster.send(1, tcp(`${from}:60000`, `${service}:80`).syn().bytes)));
    const about = tcp(`${from}:60000`, bracketed(there)).syn();
    expect(quoted(cluster.send(2, errors(bare(from)).timeExceeded(about).bytes))).toBe(
      `to ${bare(from)}, of ${bare(from)}:60000 > ${bare(service)}:80`,
    );
  });

  test("what is established goes nowhere else", () => {
    const [client, out] = [tcp("198.51.100.7:7", "10.1.0.1:80"), tcp("10.0.0.9:7", "198.51.100.7:443")];
    const back = tcp(bracketed(destinationOf(toldOf(cluster.send(1, client.syn().bytes)))), "198.51.100.7:7");
    for (const packet of [back.synAck(), client.ack()]) cluster.send(1, packet.bytes);
    for (const packet of [out.syn(), tcp("198.51.100.7:443", "10.0.0.9:7").synAck(), out.ack()])
      cluster.send(1, packet.bytes);
    cluster.wire();
    for (const packet of [client, back, out, tcp("198.51.100.7:443", "10.0.0.9:7")])
      expect(toldOf(cluster.send(1, packet.payload("?").bytes))).toMatch(/^sent/);
    expect(hopsOf(cluster)).toEqual([]);
  });
});

describe("hop by hop", () => {
  const [HEAD, TAIL, OTHER_HEAD, OTHER_TAIL] = [4, 5, 6, 7];
  const heads = [HEAD, OTHER_HEAD];
  const tails = [TAIL, OTHER_TAIL];
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster({ forwarders: 3, chains: [2, 2], services: [firewall, balancer4] });
  }, 120_000);

  test("an answer takes one round trip to where its flow stands", () => {
    for (let port = 41_000; port < 41_010; port++) {
      const client = tcp(`198.51.100.7:${port}`, "10.1.0.1:80");
      const server = tcp(destinationOf(toldOf(cluster.send(1, client.syn().bytes))), `198.51.100.7:${port}`);
      for (const packet of [server.synAck(), client.ack()]) cluster.send(1, packet.bytes);
      cluster.wire();
      cluster.send(2, server.payload("200").bytes);
      const [asked, answered] = hopsOf(cluster);
      const [, operation, reader] = asked?.split(" ") ?? [];
      expect(operation).toBe("seek");
      expect(tails).toContain(Number(reader));
      expect(answered).toBe(`${reader} reply 2`);
    }
    expect(dropsOf(cluster)).toEqual({});
  });

  /** New flows of the firewall: by datagrams, since what opens a connection answers nobody. */
  const datagrams = (first: number): Uint8Array[] =>
    Array.from({ length: 32 }, (_, n) => udp(`10.0.0.9:${first + n}`, `198.51.100.${n}:53`).payload("?").bytes);
  const walkOf = (packet: Uint8Array): string[] => {
    cluster.wire();
    cluster.send(1, packet);
    return hopsOf(cluster);
  };
  const kindsOf = (packets: readonly Uint8Array[]): Set<string> =>
    new Set(packets.map((packet) => walkOf(packet).map((hop) => hop.split(" ")[1])).map((kinds) => kinds.join(" ")));
  /** Of these members alone. */
  const tell = (ids: readonly number[], epoch: number, quiet: readonly number[] = []): void => {
    const paths = Array.from(
      { length: BUCKETS },
      (_, bucket): Path => ({ members: cluster.chains[bucket % 2] ?? [], complete: 2, quiet: quiet[bucket % 2] ?? 0 }),
    );
    for (const id of ids)
      cluster.members
        .get(id)
        ?.dataPlane.view({ id, address: addressOf(id), interfaces: [CLUSTER_SIDE] }, { epoch, paths });
  };

  test("a connection of the firewall's takes no hop more, and its datagrams one at the most", () => {
    for (let port = 42_000; port < 42_020; port++) {
      const [asked, ...rest] = walkOf(tcp(`10.0.0.9:${port}`, "198.51.100.7:443").syn().bytes);
      expect(heads.map((head) => `1 decide ${head}`)).toContain(asked);
      expect(rest.map((hop) => hop.split(" ")[1])).toEqual(["update", "reply"]);
    }
    // Two hops of them are those of any flow that the reading node does not have.
    expect(kindsOf(datagrams(42_000))).toEqual(
      new Set(["seek decide update reply", "seek lookup decide update reply"]),
    );
  });

  test("by another epoch, whichever of the two chains sends it back, it is asked again", () => {
    // The second chain is an epoch ahead: what comes there is asked again until its hops are used up.
    tell([OTHER_HEAD, OTHER_TAIL], cluster.epoch + 1);
    const kinds = [...kindsOf(datagrams(43_000))];
    for (const first of ["seek stale seek stale seek", "seek lookup stale lookup stale", "seek decide update reply"])
      expect(kinds.filter((kind) => kind.startsWith(first))).toHaveLength(1);
    cluster.view(cluster.chains);
    for (const packet of datagrams(43_000)) expect(toldOf(cluster.send(2, packet))).toMatch(/^sent/);
  });

  test("where a chain has lost all its decisions, nobody can say that it has no such flow", () => {
    const before = dropsOf(cluster)["table: decisions were lost"] ?? 0;
    tell([...heads, ...tails], cluster.epoch, [0, 1_000_000]);
    const kinds = kindsOf(datagrams(44_000));
    // The first chain is asked by itself, and passes on; the second drops what comes, whatever it comes for.
    expect(kinds).toEqual(new Set(["seek", "seek decide update reply", "seek lookup decide"]));
    expect((dropsOf(cluster)["table: decisions were lost"] ?? 0) - before).toBeGreaterThan(16);
  });
});

test("backends that a translator would take for its own hosts answer by whichever forwarders", async () => {
  const nat44 = {
    source: example("nat44"),
    config: { "nat44.inside": { "10.0.0.0/8": 1 }, "nat44.external": ["203.0.113.8/30"] },
  };
  const cluster = await openCluster({ forwarders: 3, chains: [3, 2], services: [nat44, balancer4] });
  for (let port = 40_000; port < 40_020; port++) {
    const client = tcp(`198.51.100.7:${port}`, "10.1.0.1:80");
    const server = tcp(destinationOf(toldOf(cluster.send(1, client.syn().bytes))), `198.51.100.7:${port}`);
    const back = `sent 10.1.0.1:80 > 198.51.100.7:${port}`;
    expect(toldOf(cluster.send(2, server.synAck().bytes))).toBe(back);
    expect(toldOf(cluster.send(3, server.payload("200").bytes))).toBe(back);
    // And its own hosts' flows go out and come back.
    const out = toldOf(cluster.send(1, udp(`10.2.0.1:${port}`, "192.0.2.80:53").payload("?").bytes));
    const answer = udp("192.0.2.80:53", sourceOf(out)).payload("!");
    for (const by of [2, 3])
      expect(toldOf(cluster.send(by, answer.bytes))).toBe(`sent 192.0.2.80:53 > 10.2.0.1:${port}`);
  }
  expect(dropsOf(cluster)).toEqual({});
});

test("members of either target do the same with what is sought", async () => {
  const services = [firewall, balancer4];
  const source = await openCluster({ forwarders: 2, chains: [3], services });
  const there = destinationOf(toldOf(source.send(1, tcp("198.51.100.7:40000", "10.1.0.1:80").syn().bytes)));
  const server = tcp(there, "198.51.100.7:40000");
  for (const packet of [server.synAck(), udp("10.0.0.9:1", "198.51.100.9:53").payload("?")])
    source.send(2, packet.bytes);
  const wire = source.wire();
  const sought = wire.filter(({ frame }) => operationOf(frame) === "seek").map(({ to }) => to);
  const [head = 0, , tail = 0] = source.chains[0] ?? [];
  expect(sought).toEqual([head, tail]);
  const [atHead, atTail] = [
    ["update", "update", "update"],
    ["reply", "reply", "decide", "reply"],
  ];
  for (const [id, became] of [
    [head, atHead],
    [tail, atTail],
  ] as const)
    for (const run of await onBothTargets(services, source, wire, id)) expect(run).toMatchObject({ became, drops: {} });
}, 120_000);

test("nobody seeks in networks where nobody listens", async () => {
  const cluster = await openCluster({
    forwarders: 1,
    chains: [2],
    services: [firewall, { ...balancer4, vni: 71 }],
  });
  cluster.send(1, tcp("10.0.0.9:7", "198.51.100.7:443").syn().bytes);
  cluster.send(1, udp("10.0.0.9:8", "198.51.100.7:53").payload("?").bytes);
  expect(cluster.wire().filter(({ frame }) => operationOf(frame) === "seek")).toEqual([]);
});
