/** A flow's packets on several CPUs while its decision changes: each is decided once more by whoever comes first, and none is lost. */
import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { testRunAsync } from "../../runtime/index.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import { countMap, nodeDropCounts } from "../../runtime/service/counts.ts";
import { udp } from "../kit/index.ts";
import { built } from "./sources.ts";

const PASS = 2;
/**
 * A test run may be taken off its CPU in the middle of a change, which no packet of a driver is: whoever meets the flow meanwhile looks
 * for it as often as tail calls allow, and is dropped then. Of so many packets one may be.
 */
const CHANGED = "service: flow changed";
const ONE_OF = 10_000;

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

/**
 * Several threads send one packet over and over while the config changes 400 times.
 * @param source of a service 'fickle'
 * @param repeat packets in a row, at the least
 */
async function hammered(node: Node, source: string, listen: readonly string[], repeat: number) {
  const service = await node.add(await built(source), { config: { service: { listen }, fickle: { turn: 0 } } });
  const root = node.object.program(node.root);
  // No route leads there: it is the host's after the service has sent it on.
  const packet = udp("[2001:db8::7]:4000", "[2001:db8::9]:53").payload("?").bytes;
  let changing = true;
  let others = 0;
  let runs = 0;
  const hammer = async () => {
    for (; changing; runs += repeat) {
      const { action, packet: left } = await testRunAsync(root, { packet, repeat });
      if (action !== PASS || !Buffer.from(left).equals(packet)) others += 1;
    }
  };
  const packets = [hammer(), hammer(), hammer()];
  for (let turn = 1; turn <= 400; turn++) {
    service.config.set("fickle.turn", turn);
    if (turn % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  changing = false;
  await Promise.all(packets);
  const dropped = new Map([...countMap(nodeDropCounts(node, service.index))].filter(([, value]) => value > 0n));
  const changed = Number(dropped.get(CHANGED) ?? 0n);
  dropped.delete(CHANGED);
  return { dropped, changed, others, runs };
}

test.skipIf(reason !== "")(
  `CPUs that decide one flow at once lose none of its packets${reason}`,
  async () => {
    using node = await openNode({ flows: 1000 });
    const { dropped, changed, others, runs } = await hammered(node, fickle, ["[2001:db8::9]:53/udp"], 5_000);
    expect(dropped).toEqual(new Map());
    expect(changed).toBeLessThanOrEqual(runs / ONE_OF);
    expect(others).toBeLessThanOrEqual(changed);
    expect(runs).toBeGreaterThan(20_000);
  },
  120_000,
);

/** The same between the families: there and, of what has become of its packets, back again. */
const fickle64 = `
import { address, isIpv4, middlebox, service, u32 } from "zeta";

export const fickle = middlebox("fickle", {
  config: { turn: u32 },
  decide(flow) {
    const end = (of: address, port: number) => ({ address: of, port: port as never });
    const [from, to] = [flow.sourcePort, flow.destinationPort];
    return isIpv4(flow.source)
      ? flow.rewrite({ source: end(address("2001:db8::7"), from), destination: end(address("2001:db8::9"), to) })
      : flow.rewrite({ source: end(address("203.0.113.8"), from), destination: end(address("192.0.2.80"), to) });
  },
  holds: () => false,
});

export default service("fickle64", { chain: [fickle] });
`;

test.skipIf(reason !== "")(
  `nor do they of a flow that is translated${reason}`,
  async () => {
    using node = await openNode({ flows: 1000 });
    // Translated, it is the host's, without a route; the next run of the same packet translates it back.
    const listen = ["[2001:db8::9]:53/udp", "192.0.2.80:53/udp"];
    const { dropped, changed, others, runs } = await hammered(node, fickle64, listen, 2_000);
    expect(dropped).toEqual(new Map());
    expect(changed).toBeLessThanOrEqual(runs / ONE_OF);
    expect(others).toBeLessThanOrEqual(changed);
    expect(runs).toBeGreaterThan(10_000);
    // Nothing is left that no packet finds.
    expect([...readFlows(node, "both")]).toHaveLength(4);
  },
  120_000,
);
