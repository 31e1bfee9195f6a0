/** A node in the kernel that a test has used is, for the next one, as if it had just been opened. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { TEST_CLOCK } from "../../compiler/passes/test-build.ts";
import { walk } from "../../runtime/loader/map-batches.ts";
import type { MapHandle } from "../../runtime/loader/map-handle.ts";
import { readRing } from "../../runtime/loader/ring-buffer.ts";
import { testRun } from "../../runtime/loader/test-run.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import { kernel, random } from "../kit/index.ts";
import { nodeObjectFor, objectOf } from "../kit/targets/compile.ts";
import { borrowNode } from "../kit/targets/spare-nodes.ts";
import { endpointOf, OWN4, OWN6 } from "../overlay/underlay.ts";
import { HOSTS, hostile } from "../services/hostile.ts";

const SOURCE = new URL("../services/programs/gateway.ts", import.meta.url);
const TUNNELS = [{ vni: 7, kind: "vxlan", to: { 4: OWN4, 6: OWN6 } }] as const;
const CONFIG = {
  "firewall.inside": { "10.0.0.0/8": 1, "2001:db8:a::/48": 1 },
  "balancer.four": { [`${HOSTS[4].virtual}/32`]: 1 },
  "balancer.backends4": ["10.2.0.1:8080"],
  "nat44.inside": { "10.0.0.0/8": 1 },
  "nat44.external": { addresses: [HOSTS[4].external], forwards: {} },
};
function contentOf(map: MapHandle): unknown {
  if (map.kind === "ringBuffer") {
    const reader = readRing(map);
    const waiting = reader.backlog();
    reader.close();
    return waiting;
  }
  // A jump table is read as numbers of programs, which each node has its own of.
  const hasOwn = map.kind === "progArray";
  const hash = createHash("sha256");
  let entries = 0;
  for (const { key, value } of walk(map)) {
    entries += 1;
    hash.update(key);
    if (!hasOwn) hash.update(value);
  }
  return `${entries} ${hash.digest("hex")}`;
}

const contents = ({ object }: Node): Record<string, unknown> =>
  Object.fromEntries([...object.maps].map(([name, map]) => [name, contentOf(map)]));

test("whatever it was told, and whoever has passed it", async (context) => {
  const missing = await kernel.missing();
  if (missing !== null) return context.skip(`the kernel target needs ${missing}`);
  const service = await objectOf(SOURCE);
  const compiled = await nodeObjectFor(service);
  if (service.manifest === null || compiled.manifest === null) throw new TypeError("A manifest is missing.");
  const options = { source: { object: compiled.object, manifest: compiled.manifest }, flows: 777 };
  using opened = await openNode(options);
  const fresh = contents(opened);
  const clock = opened.object.globals.readBytes(TEST_CLOCK);

  const node = await borrowNode("spare", options);
  expect(contents(node)).toEqual(fresh);
  const { config } = await node.add({ object: service.object, manifest: service.manifest }, { config: "later" });
  for (const [path, value] of Object.entries(CONFIG)) config.set(path, value);
  node.object.globals.write(TEST_CLOCK, 1_000_000_000_000n);
  await node.tunnels.set([OWN4, OWN6]);
  await node.addresses.set([{ vni: 0, address: "192.0.2.254" }]);
  const place = { kind: "vxlan", local: OWN4, remote: "192.0.2.8" } as const;
  await node.endpoints.set([endpointOf({ vni: 7, address: HOSTS[4].outside, interface: 7, mtu: 1400 }, place)]);
  await node.entrances.set([{ address: "fe80::1", interface: 1, mac: "02:00:00:00:00:01", router: true }]);
  await node.quotas.set({ 0: { flows: 10_000 } });
  for (const { bytes } of hostile(random(1), 400, TUNNELS))
    if (bytes.length >= 14) testRun(node.entry(), { packet: bytes, context: { interface: 1 } });
  const used = contents(node);
  const differing = Object.keys(fresh).filter((name) => used[name] !== fresh[name]);
  for (const part of CHANGED) expect(differing).toContain(`zeta_node_${part}`);
  node.close();

  using again = await borrowNode("spare", options);
  expect(again.object.program(again.root).id).toBe(node.object.program(node.root).id);
  expect(again.services.size).toBe(0);
  expect(again.quotas.get()).toEqual({});
  expect(contents(again)).toEqual(fresh);
  expect(again.object.globals.readBytes(TEST_CLOCK)).toEqual(clock);
});

/** Each kind of map, and each that a node is told something in. */
const CHANGED = [
  ...["flows4", "flows6", "drops", "hops", "listen", "endpoints", "stations", "entrances", "routers", "own", "tunnels"],
  ...["programs", "services", "traffic", "sieve", "quotas", "tenants", "limited", "opened", "errors"],
];
