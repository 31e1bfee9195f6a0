/** Quotas on a live node: flows that stand when one is set count, and those that end by idling are counted out. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { testRun } from "../../runtime/loader/test-run.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import type { Node } from "../../runtime/node/node.ts";
import { type Packet, tcp, udp } from "../kit/index.ts";
import { openLimited, reason } from "./limited.ts";

/** In seconds; UDP's is the shortest that there is. */
const IDLE = { udp: 1 };
const XDP_DROP = 1;

let node: Node;
beforeAll(async () => {
  if (reason !== null) return;
  ({ node } = await openLimited(IDLE));
});
afterAll(() => node?.close());
beforeEach((context) => {
  if (reason !== null) context.skip(reason);
});

/** Where it then goes is the host's affair: it has no route for it. */
const passes = ({ bytes }: Packet): boolean =>
  testRun(node.object.program(node.root), { packet: bytes }).action !== XDP_DROP;
const connection = (port: number) => tcp(`10.0.0.1:${port}`, "10.1.0.1:80");
const datagram = (port: number) => udp(`10.0.0.2:${port}`, "10.1.0.1:53").payload("?");
const flows = (): bigint => node.quotas.uses()[0]?.flows ?? -1n;

test("what stands counts, whoever entered it before; what has idled is counted out, and others take its place", async () => {
  for (const port of [1, 2, 3]) expect(passes(connection(port).syn())).toBe(true);
  await node.quotas.set({ 0: { flows: 5 } });
  expect(flows()).toBe(3n);
  expect([11, 12, 13].map((port) => passes(datagram(port)))).toEqual([true, true, false]);
  expect(flows()).toBe(5n);
  // Less than stands: nobody is thrown out.
  await node.quotas.set({ 0: { flows: 4 } });
  expect(passes(connection(1).ack())).toBe(true);
  expect(passes(connection(4).syn())).toBe(false);
  await expect.poll(flows, { timeout: 20_000, interval: 50 }).toBe(3n);
  expect([...readFlows(node)].map(({ client }) => client.sourcePort).sort()).toEqual([1, 2, 3]);
  expect([passes(connection(5).syn()), passes(connection(6).syn())]).toEqual([true, false]);
  expect(flows()).toBe(4n);
});

test("a quota that is set again keeps its count; one that was taken away counts anew", async () => {
  await node.quotas.set({ 0: { flows: 10 } });
  const before = flows();
  await node.quotas.set({});
  expect(node.quotas.uses()).toEqual([]);
  expect(passes(connection(7).syn())).toBe(true);
  await node.quotas.set({ 0: { flows: 10 }, 9: { flows: 1 } });
  expect(flows()).toBe(before + 1n);
  expect(node.quotas.get()).toEqual({ 0: { flows: 10 }, 9: { flows: 1 } });
});

test("counts are right while flows enter during the count", async () => {
  await node.quotas.set({});
  const wanted = node.quotas.set({ 0: { flows: 1000 }, 1: { flows: 1 } });
  let entered = 0;
  for (let port = 2000; port < 2100; port++) if (passes(connection(port).syn())) entered += 1;
  await wanted;
  expect(entered).toBe(100);
  expect(flows()).toBeGreaterThanOrEqual(105n);
  await expect.poll(flows, { timeout: 20_000, interval: 50 }).toBe(105n);
});
