/** Flows across the families on a cluster: `nat64`, every packet by another forwarder. */
import { describe, expect, test } from "vitest";
import { icmp, icmpv6, tcp, udp } from "zeta/testing";
import { openCluster } from "../kit/cluster/cluster.ts";
import { operationOf } from "../kit/cluster/operation.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, hopsOf, sourceOf, toldOf } from "./told.ts";

compileFirst();

const SECOND = 1_000_000_000n;
const nat64 = {
  source: new URL("../../examples/nat64/service.ts", import.meta.url),
  config: {
    "nat64.prefix": { address: "64:ff9b::", length: 96 },
    "nat64.external": { addresses: ["203.0.113.8/30"], forwards: { "203.0.113.8:80/tcp": "[2001:db8::5]:8080" } },
  },
};
const open = (...chains: number[]) => openCluster({ forwarders: 3, chains, services: [nat64] });
const SERVER = "192.0.2.80";
/** The same server, as IPv6 hosts have it; and without brackets, as it is told. */
const SERVER6 = "64:ff9b::c000:250";

describe.each([[[1]], [[3, 2]]])("chains of %j", (chains) => {
  test("a host's flow goes out and comes back by whichever forwarders, from one external port", async () => {
    const cluster = await open(...chains);
    for (let host = 1; host <= 10; host++) {
      const inside = `2001:db8::${host}`;
      const [port, other] = [5000 + 7 * host, `[${inside}]:${5000 + 7 * host}`];
      const there = toldOf(cluster.send(1, udp(other, `[${SERVER6}]:53`).payload("?").bytes));
      expect(destinationOf(there)).toBe(`${SERVER}:53`);
      expect(sourceOf(there)).toMatch(/^203\.0\.113\.(8|9|10|11):/);
      for (const by of [2, 3, 1]) {
        const back = cluster.send(by, udp(`${SERVER}:53`, sourceOf(there)).payload("!").bytes);
        expect(toldOf(back)).toBe(`sent ${SERVER6}:53 > ${inside}:${port}`);
        expect(toldOf(cluster.send(by, udp(other, `[${SERVER6}]:53`).payload("?").bytes))).toBe(there);
      }
      // Anybody may answer there.
      const stranger = cluster.send(2, udp("192.0.2.1:9", sourceOf(there)).payload("!").bytes);
      expect(toldOf(stranger)).toBe(`sent 64:ff9b::c000:201:9 > ${inside}:${port}`);
    }
    cluster.wire();
    for (const by of [1, 2, 3]) cluster.send(by, udp("[2001:db8::1]:5007", `[${SERVER6}]:53`).payload("?").bytes);
    expect(hopsOf(cluster)).toEqual([]);
    expect(dropsOf(cluster)).toEqual({});
  });

  test("a connection, and one by a static forward", async () => {
    const cluster = await open(...chains);
    const host = tcp("[2001:db8::7]:40000", `[${SERVER6}]:80`);
    const external = sourceOf(toldOf(cluster.send(1, host.syn().bytes)));
    const server = tcp(`${SERVER}:80`, external);
    const [out, back] = [`sent ${external} > ${SERVER}:80`, `sent ${SERVER6}:80 > 2001:db8::7:40000`];
    expect(toldOf(cluster.send(2, server.synAck().bytes))).toBe(back);
    expect(toldOf(cluster.send(3, host.ack().bytes))).toBe(out);
    for (const by of [1, 2, 3]) {
      expect(toldOf(cluster.send(by, host.payload("GET /").bytes))).toBe(out);
      expect(toldOf(cluster.send(by, server.payload("200").bytes))).toBe(back);
    }
    expect(toldOf(cluster.send(2, server.fin().bytes))).toBe(back);
    const client = tcp("192.0.2.9:3000", "203.0.113.8:80");
    const web = tcp("[2001:db8::5]:8080", "[64:ff9b::c000:209]:3000");
    const inward = "sent 64:ff9b::c000:209:3000 > 2001:db8::5:8080";
    expect(toldOf(cluster.send(1, client.syn().bytes))).toBe(inward);
    expect(toldOf(cluster.send(2, web.synAck().bytes))).toBe("sent 203.0.113.8:80 > 192.0.2.9:3000");
    for (const by of [3, 1, 2]) expect(toldOf(cluster.send(by, client.ack().bytes))).toBe(inward);
    expect(dropsOf(cluster)).toEqual({});
  });

  test("echoes", async () => {
    const cluster = await open(...chains);
    const there = cluster.send(1, icmpv6("2001:db8::7", SERVER6).echo({ identifier: 77 }).bytes);
    expect(toldOf(there)).toMatch(/^sent 203\.0\.113\.(8|9|10|11):undefined > 192\.0\.2\.80:undefined$/);
    const from = sourceOf(toldOf(there)).replace(/:.*/, "");
    const identifier = new DataView(there[0]?.frame.buffer as ArrayBuffer, there[0]?.frame.byteOffset).getUint16(38);
    for (const by of [2, 3]) {
      const back = cluster.send(by, icmp(SERVER, from).message({ type: 0, identifier, sequence: 1 }).bytes);
      expect(toldOf(back)).toBe(`sent ${SERVER6}:undefined > 2001:db8::7:undefined`);
    }
  });
});

test("the head of a chain goes, and its flows and their external ports stay", async () => {
  const cluster = await open(3);
  const host = tcp("[2001:db8::7]:40000", `[${SERVER6}]:80`);
  const external = sourceOf(toldOf(cluster.send(1, host.syn().bytes)));
  cluster.view(cluster.chains.map((chain) => chain.slice(1)));
  const server = tcp(`${SERVER}:80`, external);
  expect(toldOf(cluster.send(2, server.synAck().bytes))).toBe(`sent ${SERVER6}:80 > 2001:db8::7:40000`);
  expect(toldOf(cluster.send(3, host.ack().bytes))).toBe(`sent ${external} > ${SERVER}:80`);
  const other = cluster.send(3, tcp("[2001:db8::7]:40000", "[64:ff9b::c000:251]:81").syn().bytes);
  expect(sourceOf(toldOf(other))).toBe(external);
});

test("a decision that no longer holds ends for the whole chain, and another is made when no lease is left", async () => {
  const cluster = await open(3);
  const host = tcp("[2001:db8::7]:40000", `[${SERVER6}]:80`);
  cluster.send(1, host.syn().bytes);
  cluster.configure(0, { "nat64.external": { addresses: ["203.0.113.16/30"], forwards: {} } });
  expect(toldOf(cluster.send(2, host.syn().bytes))).toBe("dropped");
  cluster.advance(9n * SECOND);
  expect(sourceOf(toldOf(cluster.send(3, host.syn().bytes)))).toMatch(/^203\.0\.113\.(16|17|18|19):/);
});

test("and so does one whose end was lost on its way, when it is asked for again", async () => {
  const cluster = await open(3);
  const host = tcp("[2001:db8::7]:40000", `[${SERVER6}]:80`);
  cluster.send(1, host.syn().bytes);
  cluster.configure(0, { "nat64.external": { addresses: ["203.0.113.16/30"], forwards: {} } });
  cluster.lose(({ frame }) => operationOf(frame) === "update");
  cluster.send(2, host.syn().bytes);
  cluster.lose(() => false);
  cluster.advance(9n * SECOND);
  // Nobody but the head has heard: it stands until all have, and then for as long as leases last.
  cluster.wire();
  expect(toldOf(cluster.send(3, host.syn().bytes))).toBe("dropped");
  expect(hopsOf(cluster)).toEqual(["3 decide 4", "4 update 5", "5 update 6", "6 over 4", "4 reply 3"]);
  cluster.advance(7n * SECOND);
  expect(toldOf(cluster.send(3, host.syn().bytes))).toBe("dropped");
  cluster.advance(2n * SECOND);
  expect(sourceOf(toldOf(cluster.send(3, host.syn().bytes)))).toMatch(/^203\.0\.113\.(16|17|18|19):/);
});
