/** A flow's packets on several CPUs while its decision changes: each is decided once more by whoever comes first, and none is lost. */
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { testRunAsync } from "../../runtime/index.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import { openNode } from "../../runtime/node/node.ts";
import { countMap, nodeDropCounts } from "../../runtime/service/counts.ts";
import { udp } from "../kit/index.ts";
import { built } from "./sources.ts";

const PASS = 2;

/** Lets go of every decision that was made under another config, and decides the same again. */
const fickle = `
import { middlebox, service, u32 } from "zeta";

export const fickle = middlebox("fickle", {
  config: { turn: u32 },
  decide: (flow) => flow.forward(),
  holds: () => false,
});

export default service("fickle", { chain: [fickle] });
`;

const reason = availableParallelism() > 1 ? "" : " (skipped: needs a second CPU)";

test.skipIf(reason !== "")(
  `CPUs that decide one flow at once lose none of its packets${reason}`,
  async () => {
    using node = await openNode({ flows: 1000 });
    const config = { service: { listen: ["[2001:db8::9]:53/udp"] }, fickle: { turn: 0 } };
    const service = await node.add(await built(fickle), { config });
    const root = node.object.program(node.root);
    // No route leads there: it stays as it is, and is the host's after the service has forwarded it.
    const packet = udp("[2001:db8::7]:4000", "[2001:db8::9]:53").payload("?").bytes;
    let changing = true;
    let others = 0;
    let runs = 0;
    const hammer = async () => {
      for (; changing; runs += 5_000)
        if ((await testRunAsync(root, { packet, repeat: 5_000 })).action !== PASS) others += 1;
    };
    const packets = [hammer(), hammer(), hammer()];
    for (let turn = 1; turn <= 400; turn++) {
      service.config.set("fickle.turn", turn);
      if (turn % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    changing = false;
    await Promise.all(packets);
    const dropped = [...countMap(nodeDropCounts(node, service.index))].filter(([, value]) => value > 0n);
    expect(dropped).toEqual([]);
    expect(others).toBe(0);
    expect(runs).toBeGreaterThan(20_000);
  },
  120_000,
);

/** The same between the families. */
const fickle64 = `
import { address, middlebox, service, u32 } from "zeta";

export const fickle = middlebox("fickle", {
  config: { turn: u32 },
  decide: (flow) =>
    flow.rewrite({
      source: { address: address("203.0.113.8"), port: flow.sourcePort },
      destination: { address: address("192.0.2.80"), port: 53 },
    }),
  holds: () => false,
});

export default service("fickle64", { chain: [fickle] });
`;

test.skipIf(reason !== "")(
  `nor do they of a flow that is translated${reason}`,
  async () => {
    using node = await openNode({ flows: 1000 });
    const config = { service: { listen: ["[2001:db8::9]:53/udp"] }, fickle: { turn: 0 } };
    const service = await node.add(await built(fickle64), { config });
    const root = node.object.program(node.root);
    const packet = udp("[2001:db8::7]:4000", "[2001:db8::9]:53").payload("?").bytes;
    let changing = true;
    const lengths = new Map<number, number>();
    const hammer = async () => {
      // One at a time: a packet that was translated stays so.
      while (changing) {
        const { length } = (await testRunAsync(root, { packet })).packet;
        lengths.set(length, (lengths.get(length) ?? 0) + 1);
      }
    };
    const packets = [hammer(), hammer(), hammer()];
    for (let turn = 1; turn <= 500; turn++) {
      service.config.set("fickle.turn", turn);
      await new Promise((resolve) => setImmediate(resolve));
    }
    changing = false;
    await Promise.all(packets);
    const dropped = [...countMap(nodeDropCounts(node, service.index))].filter(([, value]) => value > 0n);
    expect(dropped).toEqual([]);
    expect([...lengths.keys()]).toEqual([packet.length - 20]);
    expect(lengths.get(packet.length - 20)).toBeGreaterThan(1_000);
    // Nothing is left that no packet finds: both directions of one flow, or none while it is decided again.
    expect([...readFlows(node, "both")].length).toBeLessThanOrEqual(2);
  },
  120_000,
);
