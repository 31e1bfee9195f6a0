/** iperf3 over TCP and UDP, both ways and both families, through filters and firewalls in native XDP. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunningNode } from "../../runtime/index.ts";
import type { Built, Namespace } from "../../runtime/lab/index.ts";
import type { NodeService } from "../../runtime/node/node.ts";
import { type Gateway, gatewayLab, startOn } from "../node/gateway.ts";
import { version } from "./examples.ts";

const PORT = 5201;
const ENDS = [
  ["IPv4", "10.0.0.7", "10.2.0.1"],
  ["IPv6", "2001:db8::7", "2001:db8:2::1"],
] as const;
const WAYS = [
  ["there", []],
  ["back", ["-R"]],
] as const;

let lab: Built<Gateway>;
let running: RunningNode;
beforeAll(async () => {
  lab = await gatewayLab();
  running = await startOn(lab);
}, 60_000);
afterAll(async () => {
  await running?.close();
  await lab?.lab.dispose();
});

interface Sum {
  readonly bytes: number;
  readonly packets: number;
  readonly lost_packets: number;
}

async function iperf(from: Namespace, to: Namespace, address: string, ...words: readonly string[]) {
  await using _ = await to.start("iperf3", ["-s", "-1", "-p", `${PORT}`], { ready: { listening: PORT } });
  const { stdout } = await from.run("iperf3", ["-c", address, "-p", `${PORT}`, "--json", ...words]);
  return JSON.parse(stdout).end as { readonly sum: Sum; readonly sum_received: Sum; readonly sum_sent: Sum };
}

const MIB = 2 ** 20;
/** What buffers hold of a stream at the most: it is on its way when iperf3 stops the clock. */
const ON_ITS_WAY = 16 * MIB;

/** 50 MiB over TCP, and a second of small datagrams, none of which is lost. */
async function stream(from: Namespace, to: Namespace, address: string, way: readonly string[]): Promise<void> {
  const bytes = 50 * MIB;
  const tcp = await iperf(from, to, address, "-n", `${bytes}`, ...way);
  expect(tcp.sum_sent.bytes).toBeGreaterThanOrEqual(bytes);
  expect(tcp.sum_received.bytes).toBeGreaterThan(bytes - ON_ITS_WAY);
  const udp = await iperf(from, to, address, "-u", "-b", "2M", "-l", "500", "-t", "1", ...way);
  expect(udp.sum.packets).toBeGreaterThan(200);
  expect(udp.sum.lost_packets).toBe(0);
}

const dropsOf = async (name: string): Promise<Readonly<Record<string, bigint>>> =>
  (await running.status()).services.find((one) => one.name === name)?.drops ?? {};

describe("stateful-firewall", () => {
  let service: NodeService;
  beforeAll(async () => {
    const inside = { "10.0.0.0/24": 1, "2001:db8::/64": 1 };
    service = await running.node.add(await version("stateful-firewall"), {
      config: { firewall: { inside, open: {} } },
    });
    return () => service.remove();
  });

  describe.each(ENDS)("%s", (_, inside, outside) => {
    test.each(WAYS)("from inside, data going %s", async (_, way) => {
      await stream(lab.client, lab.server, outside, way);
      expect((await dropsOf("stateful-firewall"))["firewall: no connection"]).toBe(0n);
    });

    test("from outside, once it is open", async () => {
      const refused = (): Promise<bigint> =>
        dropsOf("stateful-firewall").then((drops) => drops["firewall: not open"] as bigint);
      const before = await refused();
      // It asks again and again, as long as nobody answers.
      const knock = await lab.server.start("bash", ["-c", `exec 3<>/dev/tcp/${inside}/${PORT}`]);
      await expect.poll(refused, { timeout: 30_000 }).toBeGreaterThan(before);
      await knock.dispose();
      const opening = { firstTcp: PORT, lastTcp: PORT, firstUdp: PORT, lastUdp: PORT, ping: 0 };
      service.config.set("firewall.open", { [`${inside}/${inside.includes(":") ? 128 : 32}`]: opening });
      await stream(lab.server, lab.client, inside, []);
    });
  });
});

describe("rate-limiter", () => {
  const PLENTY = { perSecond: 1_000_000, burst: 1_000_000 };
  let service: NodeService;
  beforeAll(async () => {
    service = await running.node.add(await version("rate-limiter"), {
      config: { "rate-limiter": { perSource: PLENTY, perTenant: [] } },
    });
    return () => service.remove();
  });
  const refused = async (): Promise<number> => Number((await dropsOf("rate-limiter"))["rate-limiter: source"]);
  beforeEach(() => service.config.set("rate-limiter.perSource", PLENTY));

  describe.each(ENDS)("%s", (_, __, server) => {
    test.each(WAYS)("below its limit, data going %s", async (_, way) => {
      const before = await refused();
      await stream(lab.client, lab.server, server, way);
      expect(await refused()).toBe(before);
    });

    test("above its limit, only as much comes through as it allows", async () => {
      const limit = { perSecond: 300, burst: 100 };
      service.config.set("rate-limiter.perSource", limit);
      const before = await refused();
      const began = performance.now();
      const { sum } = await iperf(lab.client, lab.server, server, "-u", "-b", "10M", "-l", "1000", "-t", "2");
      const seconds = (performance.now() - began) / 1000;
      const came = sum.packets - sum.lost_packets;
      expect(came).toBeGreaterThan(limit.burst);
      expect(came).toBeLessThan(limit.burst + limit.perSecond * (seconds + 0.1));
      expect((await refused()) - before).toBeGreaterThanOrEqual(sum.lost_packets);
    });
  });
});
