/** The moment at which versions change places, looked at by millions of packets a second. */
import { expect, test } from "vitest";
import { testRunAsync } from "../../runtime/index.ts";
import { openNode } from "../../runtime/node/node.ts";
import { countMap, dropCounts, nodeDropCounts } from "../../runtime/service/counts.ts";
import { udp } from "../kit/index.ts";
import { built, matching, through } from "./sources.ts";

const PASS = 2;

test("a packet finds its service's programs at every moment, whichever hooks the versions have", async () => {
  using node = await openNode({ flows: 1000 });
  const config = { service: { listen: ["[2001:db8::9]:53/udp"] } };
  const versions = [await built(through(true)), await built(through(false))];
  const first = await node.add(versions[0] as (typeof versions)[0], { config });
  const root = node.object.program(node.root);
  // No route leads there: it stays as it is, and is the host's after the service has forwarded it.
  const packet = udp("[2001:db8::7]:4000", "[2001:db8::9]:53").payload("?").bytes;
  let changing = true;
  let runs = 0;
  let others = 0;
  const packets = (async () => {
    for (; changing; runs += 20_000)
      if ((await testRunAsync(root, { packet, repeat: 20_000 })).action !== PASS) others += 1;
  })();
  for (let round = 1; round <= 40; round++) {
    const after = runs;
    await node.upgrade("through", versions[round % 2] as (typeof versions)[0]);
    while (runs === after) await new Promise((resolve) => setImmediate(resolve));
  }
  changing = false;
  await packets;
  const dropped = [...countMap(nodeDropCounts(node, first.index))].filter(([, value]) => value > 0n);
  expect(dropped).toEqual([]);
  expect(others).toBe(0);
  expect(node.services.get("through")?.upgrades).toBe(40);
  expect(runs).toBeGreaterThan(800_000);
}, 120_000);

test("a packet is its service's by the addresses of the very config that its middleboxes see", async () => {
  using node = await openNode({ flows: 1000 });
  const addresses = ["10.1.0.1", "10.1.0.2"] as const;
  const configOf = (round: number) => {
    const address = addresses[round % 2] as string;
    return { service: { listen: [`${address}:53/udp`] }, matching: { address } };
  };
  const source = await built(matching);
  const first = await node.add(source, { config: configOf(0) });
  const root = node.object.program(node.root);
  const service = () => node.services.get("matching") ?? first;
  let changing = true;
  let runs = 0;
  // Two goes to each address in turn: the config changes with every go, so that each config sees packets to its address and others.
  const packets = (async () => {
    for (; changing; runs += 10_000) {
      const packet = udp("10.0.0.7:4000", `${addresses[Math.floor(runs / 20_000) % 2]}:53`).payload("?").bytes;
      expect((await testRunAsync(root, { packet, repeat: 10_000 })).action).toBeLessThanOrEqual(PASS);
    }
  })();
  for (let round = 1; round <= 400; round++) {
    const after = runs;
    // Now and then by another version of the service, which brings its own addresses.
    if (round % 40 === 0) await node.upgrade("matching", source, { config: configOf(round) });
    else service().config.set(configOf(round));
    while (runs === after) await new Promise((resolve) => setImmediate(resolve));
  }
  changing = false;
  await packets;
  // Both are carried over by upgrades.
  const { manifest, object } = service();
  const of = manifest.service as NonNullable<typeof manifest.service>;
  const drops = countMap(dropCounts(of, object.maps));
  expect(drops.get("matching: another config's") ?? 0n).toBe(0n);
  expect(drops.get("matching: its own")).toBeGreaterThan(10_000n);
}, 240_000);
