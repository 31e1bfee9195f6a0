/** ICMP errors on a cluster: they follow their flow by whichever forwarder they come, as on one node; those of no flow go nowhere. */
import { describe, expect, test } from "vitest";
import { icmp, icmpv6, type Packet, tcp, udp } from "zeta/testing";
import { openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, hopsOf, quoted, sourceOf, toldOf } from "./told.ts";

compileFirst();

const example = (name: string) => new URL(`../../examples/${name}/service.ts`, import.meta.url);
const open = (name: string, config: Record<string, unknown>, ...chains: number[]) =>
  openCluster({ forwarders: 3, chains, services: [{ source: example(name), config }] });

const balancer = {
  "service.listen": ["10.1.0.1:80/tcp", "[2001:db8:1::1]:80/tcp"],
  "balancer.backends": ["10.2.0.1:8080", "[2001:db8:2::1]:8080"],
};

describe.each([[[1]], [[3, 2]]])("chains of %j", (chains) => {
  test.each([
    ["IPv4", "10.0.0.7", "10.1.0.1", "10.2.0.1", (to: string) => icmp("100.64.0.9", to)],
    ["IPv6", "[2001:db8::7]", "[2001:db8:1::1]", "[2001:db8:2::1]", (to: string) => icmpv6("2001:db8:ffff::9", to)],
  ] as const)(
    "balancer, %s: from behind it and before it, at forwarders that have not seen the flow",
    async (...row) => {
      const [, from, service, backend, errors] = row;
      const bare = (address: string) => address.replace(/[[\]]/g, "");
      const cluster = await open("balancer", balancer, ...chains);
      const [client, server] = [tcp(`${from}:40000`, `${service}:80`), tcp(`${backend}:8080`, `${from}:40000`)];
      cluster.send(1, client.syn().bytes);
      const behind = errors(bare(from)).timeExceeded(tcp(`${from}:40000`, `${backend}:8080`).syn());
      cluster.wire();
      const told = `to ${bare(from)}, of ${bare(from)}:40000 > ${bare(service)}:80`;
      expect(quoted(cluster.send(2, behind.bytes))).toBe(told);
      expect(hopsOf(cluster)).toHaveLength(2);
      expect(quoted(cluster.send(2, behind.bytes))).toBe(told);
      expect(hopsOf(cluster)).toEqual([]);
      const before = errors(bare(service)).unreachable(tcp(`${service}:80`, `${from}:40000`).synAck());
      expect(quoted(cluster.send(3, before.bytes))).toBe(
        `to ${bare(backend)}, of ${bare(backend)}:8080 > ${bare(from)}:40000`,
      );
      expect(toldOf(cluster.send(3, server.synAck().bytes))).toBe(`sent ${bare(service)}:80 > ${bare(from)}:40000`);
      expect(dropsOf(cluster)).toEqual({});
    },
  );

  test("nat44: to the host whose packet is quoted, which its external port leads to", async () => {
    const config = { "nat44.inside": { "10.0.0.0/8": 1 }, "nat44.external": ["203.0.113.8/30"] };
    const cluster = await open("nat44", config, ...chains);
    for (let host = 1; host < 9; host++) {
      const inside = `10.0.0.${host}:${5000 + host}`;
      const external = sourceOf(toldOf(cluster.send(1, udp(inside, "192.0.2.80:53").payload("?").bytes)));
      const about = udp(external, "192.0.2.80:53").payload("?");
      const error = icmp("192.0.2.80", external.replace(/:.*/, "")).unreachable(about);
      expect(quoted(cluster.send(2, error.bytes))).toBe(`to 10.0.0.${host}, of ${inside} > 192.0.2.80:53`);
    }
    expect(dropsOf(cluster)).toEqual({});
  });

  test("nat64: across the families", async () => {
    const config = {
      "nat64.prefix": { address: "64:ff9b::", length: 96 },
      "nat64.external": ["203.0.113.8/30"],
    };
    const cluster = await open("nat64", config, ...chains);
    const there = toldOf(cluster.send(1, udp("[2001:db8::7]:5000", "[64:ff9b::c000:250]:53").payload("?").bytes));
    const about = udp(sourceOf(there), destinationOf(there)).payload("?");
    const error = icmp("192.0.2.80", sourceOf(there).replace(/:.*/, "")).unreachable(about);
    expect(quoted(cluster.send(2, error.bytes))).toBe("to 2001:db8::7, of 2001:db8::7:5000 > 64:ff9b::c000:250:53");
    expect(dropsOf(cluster)).toEqual({});
  });
});

test("an error of no flow is dropped where a service takes all that comes, and is the host's own elsewhere", async () => {
  const stranger = (to: string): Packet => icmp("100.64.0.9", to).timeExceeded(tcp(`${to}:5`, "10.2.0.1:8080").syn());
  const nat44 = await open("nat44", { "nat44.inside": { "10.0.0.0/8": 1 }, "nat44.external": ["203.0.113.8/30"] }, 2);
  expect(quoted(nat44.send(1, stranger("203.0.113.8").bytes))).toBe("dropped");
  expect(dropsOf(nat44)).toEqual({ "error of no flow": 1 });
  const cluster = await open("balancer", balancer, 2);
  expect(cluster.send(1, stranger("10.0.0.9").bytes).map(({ how }) => how)).toEqual(["host"]);
});
