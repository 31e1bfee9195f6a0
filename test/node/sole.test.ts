/** A service that is alone on its node, before the root: nobody can tell by what becomes of packets. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { trafficOf } from "../../runtime/control/status.ts";
import { testRun } from "../../runtime/index.ts";
import type { LoadedProgram } from "../../runtime/loader/program.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import { countMap, counts, dropCounts, nodeDropCounts } from "../../runtime/service/counts.ts";
import { fragments, icmp, random, tcp, toHex, truncations, udp, vlan, vxlan } from "../kit/index.ts";
import { OWN4 } from "../overlay/underlay.ts";
import { hostile } from "../services/hostile.ts";
import { built, everything, matching, ports, saying } from "./sources.ts";

const PASS = 2;
vi.setConfig({ testTimeout: 60_000 });

let alone: Node;
let rooted: Node;
beforeAll(async () => {
  const source = await built(saying);
  [alone, rooted] = [await openNode({ flows: 1000 }), await openNode({ flows: 1000 })];
  for (const node of [alone, rooted]) {
    await node.tunnels.set([OWN4]);
    await node.add(source);
  }
}, 60_000);
afterAll(() => {
  alone?.close();
  rooted?.close();
});

const rootOf = (node: Node): LoadedProgram => node.object.program(node.root);
/** All that is counted of the service, and of its node. */
function counted(node: Node): Record<string, bigint> {
  const one = node.services.get("saying");
  const service = one?.manifest.service;
  if (one === undefined || service == null) throw new Error("the service has gone");
  const all = [...counts(service, one.object.maps), ...dropCounts(service, one.object.maps)];
  const nodes = [0, one.index].flatMap((index) =>
    [...countMap(nodeDropCounts(node, index))].map(([name, count]) => [`${index} ${name}`, count] as const),
  );
  return Object.fromEntries([...countMap(all), ...nodes]);
}

test.each([1, 2, 3, 4])(
  "the root says of any packet what the service itself says, and counts the same: seed %i",
  (seed) => {
    expect(alone.entry().name).toBe("saying_sole");
    const draw = random(20_261_126 + seed);
    const packets = hostile(draw, 1000, [{ vni: 7, kind: "vxlan", to: { 4: OWN4, 6: "2001:db8:ffff::1" } }]);
    const whole = [
      tcp("10.0.0.7:4000", "10.1.0.1:443").syn(),
      vlan(7, udp("[2001:db8::7]:4000", "[2001:db8::1]:80").payload("?")),
      icmp("10.0.0.7", "10.1.0.1").echo(),
      vxlan(tcp("10.0.0.7:4000", "10.1.0.1:443").syn(), { from: "192.0.2.9", to: OWN4, vni: 7 }),
      ...fragments(udp("10.0.0.7:4000", "10.1.0.1:9").payload("x".repeat(64)), { size: 32 }),
      ...truncations(udp("10.0.0.7:4000", "10.1.0.1:53").payload("?")),
    ];
    for (const { bytes } of [...whole, ...packets]) {
      // The kernel's test run refuses what is no Ethernet frame.
      if (bytes.length < 14) continue;
      const [here, there] = [testRun(alone.entry(), { packet: bytes }), testRun(rootOf(rooted), { packet: bytes })];
      expect({ of: toHex(bytes), action: here.action, packet: toHex(here.packet) }).toEqual({
        of: toHex(bytes),
        action: there.action,
        packet: toHex(there.packet),
      });
    }
    const [here, there] = [counted(alone), counted(rooted)];
    expect(here).toEqual(there);
    expect(here["saying.seen"]).toBeGreaterThan(300n);
    expect(trafficOf(alone, 1)).toEqual(trafficOf(rooted, 1));
  },
);

test("a service is alone until another comes, and is again when that has gone", async () => {
  using node = await openNode({ flows: 1000 });
  expect(node.entry()).toBe(rootOf(node));
  await node.add(await built(everything));
  expect(node.entry().name).toBe("everything_sole");
  const config = { service: { listen: ["10.1.0.1:53/udp"] }, matching: { address: "10.1.0.1" } };
  const other = await node.add(await built(matching), { config });
  expect(node.entry()).toBe(rootOf(node));
  const packet = udp("10.0.0.7:4000", "10.1.0.1:53").payload("?").bytes;
  expect(testRun(node.entry(), { packet }).action).toBe(1);
  other.remove();
  expect(node.entry().name).toBe("everything_sole");
  expect(testRun(node.entry(), { packet }).action).toBe(2);
  const before = node.entry();
  await node.upgrade("everything", await built(everything));
  expect(node.entry().name).toBe("everything_sole");
  expect(node.entry()).not.toBe(before);
  // Nobody comes in its place while nothing has changed.
  await expect(node.add(await built(everything), { name: "again" })).rejects.toThrow(/ZT8001/);
  expect(node.entry().name).toBe("everything_sole");
  node.services.get("everything")?.remove();
  expect(node.entry()).toBe(rootOf(node));
});

test("its config is that of the last change, and of the version that serves", async () => {
  using node = await openNode({ flows: 1000 });
  const source = await built(ports);
  const service = await node.add(source, { config: { ports: { open: 53, spans: { "10.0.0.0/8": 53 } } } });
  const isOpen = (port: number): boolean => {
    expect(node.entry().name).toBe("ports_sole");
    const { bytes } = udp("10.0.0.7:4000", `10.1.0.1:${port}`).payload("?");
    return testRun(node.entry(), { packet: bytes }).action === PASS;
  };
  // A number stands in one of two slots, and a table in one of two maps.
  for (const port of [53, 54, 55]) {
    service.config.set("ports.open", port);
    service.config.set("ports.spans", { "10.0.0.0/8": port });
    expect([53, 54, 55].filter(isOpen)).toEqual([port]);
    // Packets go by this, also between the two: then what it names is whole, and the other half-written.
    const { globals } = service.object;
    expect(globals.read("zeta_config")).toMatchObject({ generation: service.config.generation });
  }
  await node.upgrade("ports", source);
  expect([53, 54, 55].filter(isOpen)).toEqual([55]);
  node.services.get("ports")?.config.set("ports.open", 53);
  expect([53, 54, 55].filter(isOpen)).toEqual([]);
});

test("one that takes all of a network, or decides, is not", async () => {
  using node = await openNode({ flows: 1000 });
  const tenant = await node.add(await built(everything), { vni: 7 });
  expect(node.entry()).toBe(rootOf(node));
  tenant.remove();
  await node.add(await built(matching), { config: "later" });
  expect(node.entry()).toBe(rootOf(node));
});
