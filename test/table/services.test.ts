/** Services of the catalogue on a cluster: as on one node, whichever forwarders their packets come to. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dissect, listFields, type Packet, tcp, udp, vxlan } from "zeta/testing";
import { addressOf, type Left, openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, hopsOf, sourceOf, toldOf } from "./told.ts";

compileFirst();

const example = (name: string) => new URL(`../../examples/${name}/service.ts`, import.meta.url);
const open = (name: string, config: Record<string, unknown>) =>
  openCluster({ forwarders: 3, chains: [3, 2], services: [{ source: example(name), config }] });

describe("nat44", () => {
  const config = { "nat44.inside": { "10.0.0.0/8": 1 }, "nat44.external": ["203.0.113.8/30"] };

  test("answers find their host by whichever forwarder they come", async () => {
    const cluster = await open("nat44", config);
    for (let host = 1; host <= 40; host++) {
      const inside = `10.0.0.${host}:${5000 + 7 * host}`;
      const out = toldOf(cluster.send(1, udp(inside, "192.0.2.80:53").payload("?").bytes));
      expect(destinationOf(out)).toBe("192.0.2.80:53");
      expect(sourceOf(out)).toMatch(/^203\.0\.113\.(8|9|10|11):/);
      for (const forwarder of [2, 3, 1]) {
        const back = cluster.send(forwarder, udp("192.0.2.80:53", sourceOf(out)).payload("!").bytes);
        expect(toldOf(back)).toBe(`sent 192.0.2.80:53 > ${inside}`);
      }
    }
    expect(dropsOf(cluster)).toEqual({});
  });

  test("an inside endpoint has one external endpoint whoever it talks to, and no two have the same", async () => {
    const cluster = await open("nat44", config);
    const external = new Map<string, string>();
    for (let port = 1024; port < 1224; port++) {
      const inside = `10.0.0.7:${port}`;
      const [first, second] = ["192.0.2.1:80", "192.0.2.2:81"].map((to, index) =>
        toldOf(cluster.send(index + 1, tcp(inside, to).syn().bytes)),
      );
      expect(sourceOf(second as string)).toBe(sourceOf(first as string));
      external.set(sourceOf(first as string), inside);
    }
    expect(external.size).toBe(200);
  });

  test("and keeps it when the head of its chain is gone", async () => {
    const cluster = await open("nat44", config);
    const before = sourceOf(toldOf(cluster.send(1, tcp("10.0.0.7:5000", "192.0.2.1:80").syn().bytes)));
    cluster.view(cluster.chains.map((chain) => chain.slice(1)));
    const after = sourceOf(toldOf(cluster.send(2, tcp("10.0.0.7:5000", "192.0.2.2:80").syn().bytes)));
    expect(after).toBe(before);
  });

  const forwards = {
    ...config,
    "nat44.external": { addresses: ["203.0.113.8/30"], forwards: { "203.0.113.8:80/tcp": "10.0.0.5:8080" } },
  };

  test("a static forward is one flow whichever end opens it, and whichever forwarders its packets come to", async () => {
    const cluster = await open("nat44", forwards);
    for (let port = 2000; port < 2020; port++) {
      const [inward, outward] = [
        tcp(`192.0.2.80:${port}`, "203.0.113.8:80"),
        tcp("10.0.0.5:8080", `192.0.2.80:${port}`),
      ];
      const passes = (by: number, packet: Packet): string => destinationOf(toldOf(cluster.send(by, packet.bytes)));
      const first = port % 2 === 0 ? inward : outward;
      const back = port % 2 === 0 ? outward : inward;
      const [to, from] =
        port % 2 === 0 ? ["10.0.0.5:8080", `192.0.2.80:${port}`] : [`192.0.2.80:${port}`, "10.0.0.5:8080"];
      expect(passes(1, first.syn())).toBe(to);
      expect(passes(2, back.synAck())).toBe(from);
      expect(passes(3, first.ack())).toBe(to);
      for (const by of [1, 2, 3]) {
        expect(passes(by, back.payload("200"))).toBe(from);
        expect(passes(by, first.payload("GET /"))).toBe(to);
      }
      expect(sourceOf(toldOf(cluster.send(1, outward.payload("200").bytes)))).toBe("203.0.113.8:80");
    }
    expect(dropsOf(cluster)).toEqual({});
  });

  test("hosts behind it reach each other by their external ends", async () => {
    const cluster = await open("nat44", config);
    for (let host = 20; host < 30; host++) {
      const [one, other] = [`10.0.0.${host}:5000`, `10.0.1.${host}:6000`];
      const external = sourceOf(toldOf(cluster.send(1, udp(other, "192.0.2.1:53").payload("?").bytes)));
      const there = toldOf(cluster.send(2, udp(one, external).payload("hello").bytes));
      expect(destinationOf(there)).toBe(other);
      expect(sourceOf(there)).toMatch(/^203\.0\.113\./);
      for (const by of [3, 1, 2]) {
        expect(toldOf(cluster.send(by, udp(other, sourceOf(there)).payload("hi").bytes))).toBe(
          `sent ${external} > ${one}`,
        );
        expect(toldOf(cluster.send(by, udp(one, external).payload("!").bytes))).toBe(there);
      }
    }
    expect(dropsOf(cluster)).toEqual({});
  });

  test("nobody has a port that was not given", async () => {
    const cluster = await open("nat44", config);
    expect(cluster.send(1, udp("192.0.2.80:53", "203.0.113.8:7777").payload("!").bytes).map(({ how }) => how)).toEqual([
      "dropped",
    ]);
    expect(dropsOf(cluster)).toEqual({ "nobody has the port": 1 });
  });
});

describe("stateful-firewall", () => {
  const config = { "firewall.inside": { "10.0.0.0/8": 1 } };

  test("answers are let in by whichever forwarder they come, and nothing else is", async () => {
    const cluster = await open("stateful-firewall", config);
    for (let port = 1024; port < 1064; port++) {
      const out = tcp(`10.0.0.7:${port}`, "192.0.2.1:80");
      const back = tcp("192.0.2.1:80", `10.0.0.7:${port}`);
      expect(toldOf(cluster.send(2, back.payload("?").bytes))).toBe("dropped");
      expect(toldOf(cluster.send(1, out.syn().bytes))).toMatch(/^sent/);
      expect(toldOf(cluster.send(2, back.synAck().bytes))).toBe(`sent 192.0.2.1:80 > 10.0.0.7:${port}`);
      expect(toldOf(cluster.send(3, out.ack().bytes))).toMatch(/^sent/);
    }
    cluster.wire();
    cluster.send(3, tcp("10.0.0.7:1024", "192.0.2.1:80").payload("GET /").bytes);
    expect(hopsOf(cluster)).toEqual([]);
  });
});

/** An example's own config, as the node takes it. */
const configOf = (name: string): Record<string, unknown> => {
  const text = readFileSync(new URL(`../../examples/${name}/config.json`, import.meta.url), "utf8");
  return Object.fromEntries(
    Object.entries(JSON.parse(text) as Record<string, Record<string, unknown>>).flatMap(([part, fields]) =>
      Object.entries(fields).map(([field, value]) => [`${part}.${field}`, value]),
    ),
  );
};
const fieldOf = (left: readonly Left[], name: string): unknown =>
  listFields(dissect(left[0]?.frame ?? new Uint8Array())).find(({ path }) => path === name)?.value;

const CHAINS = [[1], [3]] as const;
const opened = (name: string, chain: number, config: Record<string, unknown> = {}) =>
  openCluster({
    forwarders: 3,
    chains: [chain],
    services: [{ source: example(name), config: { ...configOf(name), ...config } }],
  });

describe.each(CHAINS)("a chain of %i", (chain) => {
  test.each([
    ["IPv4", "10.0.0.7:40000", "10.1.0.1:80", "10.2.0.1:8080"],
    ["IPv6", "[2001:db8::7]:40000", "[2001:db8:1::1]:80", "[2001:db8:2::1]:8080"],
  ] as const)("secure-balancer, %s: who has shown himself is known to that forwarder", async (_, from, to, backend) => {
    const cluster = await opened("secure-balancer", chain, {
      "service.listen": [`${to}/tcp`],
      "balancer.backends": [backend],
    });
    const [client, server] = [tcp(from, to), tcp(backend, from)];
    for (const by of [1, 2, 3]) {
      const sequence = Number(fieldOf(cluster.send(by, client.syn().bytes), "tcp.acknowledgement"));
      expect(toldOf(cluster.send(by, client.rst({ tcp: { sequence } }).bytes))).toBe("dropped");
    }
    const there = toldOf(cluster.send(1, client.syn().bytes));
    expect(destinationOf(there)).toBe(backend.replace(/[[\]]/g, ""));
    expect(destinationOf(toldOf(cluster.send(2, server.synAck().bytes)))).toBe(from.replace(/[[\]]/g, ""));
    for (const by of [3, 1, 2]) expect(toldOf(cluster.send(by, client.ack().bytes))).toBe(there);
    // What is of no connection is refused by whichever forwarder it comes to.
    const stray = cluster.send(3, tcp(from.replace(":40000", ":5"), to).payload("?").bytes);
    expect([destinationOf(toldOf(stray)), fieldOf(stray, "tcp.flags")]).toEqual([
      from.replace(/[[\]]/g, "").replace(":40000", ":5"),
      "rst",
    ]);
  });

  test("syn-defence before a balancer, as a proxy: one handshake, each segment by another forwarder", async () => {
    const cluster = await openCluster({
      forwarders: 3,
      chains: [chain],
      services: [
        {
          source: new URL("../../examples/syn-defence/before-balancer.ts", import.meta.url),
          config: {
            "syn-proxy.key": "00112233445566778899aabbccddeeff",
            "syn-proxy.mss": 1440,
            "service.listen": ["10.1.0.1:80/tcp"],
            "balancer.backends": ["10.2.0.1:8080", "10.2.0.2:8080"],
          },
        },
      ],
    });
    for (let port = 40_000; port < 40_010; port++) {
      const client = tcp(`10.0.0.7:${port}`, "10.1.0.1:80");
      const cookie = Number(fieldOf(cluster.send(1, client.syn().bytes), "tcp.sequence"));
      const ack = client.ack({ tcp: { acknowledgement: (cookie + 1) >>> 0 } }).bytes;
      const syn = cluster.send(2, ack);
      expect(fieldOf(syn, "tcp.flags")).toBe("syn");
      const backend = destinationOf(toldOf(syn));
      expect(backend).toMatch(/^10\.2\.0\.[12]:8080$/);
      const server = tcp(backend, `10.0.0.7:${port}`);
      const probe = cluster.send(3, server.synAck({ tcp: { sequence: 77_000, acknowledgement: 1001 } }).bytes);
      expect([fieldOf(probe, "tcp.flags"), fieldOf(probe, "tcp.sequence")]).toEqual(["ack", cookie]);
      for (const by of [1, 2, 3]) {
        const left = cluster.send(by, ack);
        expect([destinationOf(toldOf(left)), fieldOf(left, "tcp.acknowledgement")]).toEqual([backend, 77_001]);
      }
    }
    expect(dropsOf(cluster)).toEqual({});
  });
});

describe("services of filters alone", () => {
  const client = tcp("198.51.100.7:4000", "192.0.2.1:443");

  test.each(["acl", "rate-limiter", "qos-marker"])(
    "%s passes what it passes on one node, to the forwarder's host",
    async (name) => {
      const cluster = await opened(name, 3);
      for (const by of [1, 2, 3]) {
        const left = cluster.send(by, client.payload("GET /").bytes);
        expect(left.map(({ how }) => how)).toEqual(["host"]);
        expect(fieldOf(left, "ipv4.dscp")).toBe(name === "qos-marker" ? 18 : 0);
      }
      expect(dropsOf(cluster)).toEqual({});
    },
  );

  test("acl drops what it drops on one node, and nobody is asked", async () => {
    const cluster = await opened("acl", 3);
    for (const by of [1, 2, 3])
      expect(toldOf(cluster.send(by, tcp("198.51.100.7:4000", "192.0.2.1:22").syn().bytes))).toBe("dropped");
    expect(hopsOf(cluster)).toEqual([]);
  });

  test("vpc-gateway routes between subnets at whichever forwarder a packet comes to", async () => {
    const vni = 71;
    const cluster = await openCluster({
      forwarders: 3,
      chains: [3],
      services: [{ source: example("vpc-gateway"), config: configOf("vpc-gateway"), vni }],
    });
    for (const by of [1, 2, 3]) {
      const local = addressOf(by);
      const endpoint = (address: string, host: number) => ({
        ...{ vni, address, kind: "vxlan" as const, local, remote: `192.0.2.${host}`, interface: 20 + host, mtu: 1450 },
        ...{ mac: `02:0a:00:00:00:${host}`, gatewayMac: "02:99:00:00:00:01" },
        ...{ source: "02:bb:00:00:00:01", destination: "02:bb:00:00:00:02" },
      });
      await cluster.members.get(by)?.underlay.endpoints.set([endpoint("10.0.0.7", 17), endpoint("10.0.1.9", 19)]);
      const inner = tcp("10.0.0.7:4000", "10.0.1.9:80").syn();
      const left = cluster.send(by, vxlan(inner, { from: "192.0.2.17", to: local, vni }).bytes);
      expect([left.map(({ how }) => how), fieldOf(left, "ipv4.destination")]).toEqual([["sent"], "192.0.2.19"]);
    }
    expect([hopsOf(cluster), dropsOf(cluster)]).toEqual([[], {}]);
  });
});
