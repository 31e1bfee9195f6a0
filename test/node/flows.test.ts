/** The flows that a node remembers, as user space reads them: packets by test run say what must stand there. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { flowMatcher, flowRow } from "../../runtime/control/flow-filter.ts";
import { testRun } from "../../runtime/loader/test-run.ts";
import { type Flow, readFlows, removeFlows } from "../../runtime/node/flows.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import { tcp, udp } from "../kit/index.ts";
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
