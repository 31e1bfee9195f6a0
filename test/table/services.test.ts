/** Services of the catalogue on a cluster: as on one node, whichever forwarders their packets come to. */
import { describe, expect, test } from "vitest";
import { tcp, udp } from "zeta/testing";
import { openCluster } from "../kit/cluster/cluster.ts";
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
