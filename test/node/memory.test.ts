/** Memory stays what it is, whatever comes: flows beyond a table's room, and config that is replaced again and again. */
import { beforeAll, expect, test } from "vitest";
import { memoryOfService, memoryShared } from "../../runtime/control/status.ts";
import { type Node, openNode, testRun } from "../../runtime/index.ts";
import { udp } from "../kit/index.ts";
import { version } from "../lab/examples.ts";

const FLOWS = 500;
const balancer = (...backends: readonly string[]) => ({
  service: { listen: ["10.1.0.1:53/udp"] },
  balancer: { backends },
});

let node: Node;
beforeAll(async () => {
  node = await openNode({ flows: FLOWS });
  return () => node.close();
}, 120_000);

test("flows beyond their table's room take no memory", async () => {
  const service = await node.add(await version("balancer"), { config: balancer("10.2.0.1:53") });
  const before = memoryShared(node);
  const root = node.object.program(node.root);
  for (let port = 1; port <= 4 * FLOWS; port++)
    testRun(root, { packet: udp(`10.0.0.7:${port}`, "10.1.0.1:53").payload("?").bytes });
  expect(memoryShared(node)).toBe(before);
  service.remove();
});

test("a service's memory has its config's tables, and none of those that were replaced", async () => {
  const service = await node.add(await version("acl"), {
    config: { acl: { rules: { "10.0.0.0/8": { from: 1, to: 2 } }, perSecond: 1, burst: 1 } },
  });
  const little = memoryOfService(service);
  const rules = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`10.0.${i >> 8}.${i & 255}/32`, { from: 80, to: 443 }]),
  );
  service.config.set("acl.rules", rules);
  const much = memoryOfService(service);
  expect(much - little).toBeGreaterThan(10_000 * 24);
  for (let turn = 0; turn < 5; turn++) service.config.set("acl.rules", rules);
  expect(memoryOfService(service)).toBe(much);
  service.config.set("acl.rules", { "10.0.0.0/8": { from: 1, to: 2 } });
  expect(memoryOfService(service)).toBe(little);
});
