/** The moment at which versions change places, looked at by millions of packets a second. */
import { expect, test } from "vitest";
import { testRunAsync } from "../../runtime/index.ts";
import { openNode } from "../../runtime/node/node.ts";
import { countMap, nodeDropCounts } from "../../runtime/service/counts.ts";
import { udp } from "../kit/index.ts";
import { built, through } from "./sources.ts";

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
