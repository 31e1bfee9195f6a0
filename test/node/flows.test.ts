/** The flows that a node remembers, as user space reads them: packets by test run say what must stand there. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { flowMatcher, flowRow } from "../../runtime/control/flow-filter.ts";
import { testRun } from "../../runtime/loader/test-run.ts";
import { type Flow, readFlows, removeFlows } from "../../runtime/node/flows.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import { icmpv6, tcp, udp } from "../kit/index.ts";
import { built, relay, relayConfig } from "./sources.ts";

let node: Node;
beforeAll(async () => {
  node = await openNode({ flows: 1000 });
  const source = await built(relay());
  const v4 = relayConfig(["10.1.0.1:53/udp", "10.1.0.1:80/tcp"], "10.2.0.1:8080");
  await node.add(source, { config: v4 });
  await node.add(source, { name: "six", config: relayConfig(["[2001:db8:1::1]:443/tcp"], "[2001:db8:2::1]:8443") });
});
afterAll(() => node.close());

const send = (...packets: { readonly bytes: Uint8Array }[]): void => {
  for (const { bytes } of packets) testRun(node.object.program(node.root), { packet: bytes });
};
const row = (flow: Flow) =>
  flowRow(flow, [...node.services.values()].find(({ index }) => index === flow.service)?.name ?? "");
const indexOf = (name: string): number => node.services.get(name)?.index ?? -1;

test("flows of both families are found by any of their parts, and forgotten in both directions", () => {
  const dns = udp("10.0.0.7:4000", "10.1.0.1:53").payload("?");
  const web = tcp("10.0.0.8:4001", "10.1.0.1:80").syn();
  const six = tcp("[2001:db8::7]:4002", "[2001:db8:1::1]:443").syn();
  send(dns, dns, web, six);
  const inOrder = [...readFlows(node)].sort((a, b) => a.client.sourcePort - b.client.sourcePort);
  expect(inOrder.map(row)).toMatchObject([
    {
      service: "relay",
      vni: 0,
      protocol: "udp",
      client: "10.0.0.7:4000",
      destination: "10.1.0.1:53",
      sentFrom: null,
      sentTo: "10.2.0.1:8080",
      packets: 2n,
      bytes: 2n * BigInt(dns.bytes.length),
    },
    {
      service: "relay",
      protocol: "tcp",
      client: "10.0.0.8:4001",
      destination: "10.1.0.1:80",
      sentTo: "10.2.0.1:8080",
      packets: 1n,
    },
    {
      service: "six",
      protocol: "tcp",
      client: "[2001:db8::7]:4002",
      destination: "[2001:db8:1::1]:443",
      sentTo: "[2001:db8:2::1]:8443",
      packets: 1n,
      bytes: BigInt(six.bytes.length),
    },
  ]);
  const both = [...readFlows(node, "both")];
  expect(both.filter(({ reply }) => reply)).toHaveLength(3);
  // Each direction tells the same flow.
  for (const flow of both.filter(({ reply }) => !reply))
    expect(both.find(({ reply, client }) => reply && client.sourcePort === flow.client.sourcePort)).toMatchObject({
      client: flow.client,
      sent: flow.sent,
    });

  const found = (filter: object): number => [...readFlows(node)].filter(flowMatcher(filter, indexOf)).length;
  expect(
    [{ protocol: "TCP" }, { protocol: "17" }, { port: "8080" }, { port: "443" }, { service: "six" }].map(found),
  ).toEqual([2, 1, 2, 1, 1]);
  expect(
    ["10.0.0.0/31", "10.0.0.6/31", "10.2.0.1", "2001:db8:2::/48", "::/0", "0.0.0.0/0"].map((address) =>
      found({ address }),
    ),
  ).toEqual([0, 1, 2, 1, 3, 2]);
  expect(found({ address: "10.1.0.1", protocol: "udp", port: "80" })).toBe(0);

  const removed = [...removeFlows(node, flowMatcher({ protocol: "tcp" }, indexOf))].reduce(
    (sum, each) => sum + each,
    0,
  );
  expect(removed).toBe(2);
  expect([...readFlows(node, "both")].map(({ reply, protocol }) => [reply, protocol]).sort()).toEqual([
    [false, 17],
    [true, 17],
  ]);
});

test("flows across the families are told from either direction, and forgotten whole", async () => {
  await using other = await openNode({ flows: 1000 });
  const source = await built(readFileSync(new URL("../../examples/nat64/service.ts", import.meta.url), "utf8"));
  const external = { addresses: ["203.0.113.8"], forwards: { "203.0.113.8:80/tcp": "[2001:db8::5]:8080" } };
  const config = { nat64: { prefix: { address: "64:ff9b::", length: 96 }, refused: {}, external } };
  await other.add(source, { config });
  const web = tcp("[2001:db8::7]:4000", "[64:ff9b::c000:250]:80").syn();
  const ping = icmpv6("2001:db8::7", "64:ff9b::c000:250").echo({ identifier: 5000 });
  const inwards = tcp("192.0.2.80:4000", "203.0.113.8:80").syn();
  for (const { bytes } of [web, ping, inwards, web]) testRun(other.object.program(other.root), { packet: bytes });
  const ports = (flows: Iterable<Flow>) => [...flows].sort((a, b) => a.sent.sourcePort - b.sent.sourcePort);
  const flows = ports(readFlows(other));
  expect(flows.map((flow) => flowRow(flow, "nat64"))).toMatchObject([
    {
      protocol: "tcp",
      client: "192.0.2.80:4000",
      destination: "203.0.113.8:80",
      sentFrom: "[64:ff9b::c000:250]:4000",
      sentTo: "[2001:db8::5]:8080",
      packets: 1n,
    },
    {
      protocol: "tcp",
      client: "[2001:db8::7]:4000",
      destination: "[64:ff9b::c000:250]:80",
      sentFrom: "203.0.113.8:4000",
      sentTo: "192.0.2.80:80",
      packets: 2n,
      bytes: BigInt(2 * web.bytes.length),
    },
    { protocol: "icmpv6", client: "[2001:db8::7]:5000", sentFrom: "203.0.113.8:5000", packets: 1n },
  ]);
  const both = [...readFlows(other, "both")];
  expect(both).toHaveLength(6);
  for (const { client, sent, protocol } of flows)
    expect(both.filter((flow) => flow.client.sourcePort === client.sourcePort && flow.reply)).toContainEqual(
      expect.objectContaining({ client, sent, protocol }),
    );
  const removed = [
    ...removeFlows(
      other,
      flowMatcher({ protocol: "icmpv6" }, () => 1),
    ),
  ];
  expect(removed.reduce((sum, each) => sum + each, 0)).toBe(1);
  expect([...readFlows(other, "both")].map(({ protocol }) => protocol)).toEqual([6, 6, 6, 6]);
  for (const _ of removeFlows(other, () => true));
  expect([...readFlows(other, "both")]).toEqual([]);
});
