/** Tenants' quotas on a cluster: each chain gives out its part, whoever of it is the head, and no tenant touches another. */
import { expect, test } from "vitest";
import { tcp, vxlan } from "zeta/testing";
import { addressOf, type Cluster, macOf, OUTSIDE, openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { dropsOf } from "./told.ts";

compileFirst();

const SECOND = 1_000_000_000n;
const example = new URL("../../examples/balancer/service.ts", import.meta.url);
const config = { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": ["10.2.0.1:80"] };
const TENANTS = [7, 8] as const;
const HOST = "198.51.100.9";

/** Two chains, of two nodes and of one; two tenants with the same addresses, behind one host. */
async function open(quotas: Readonly<Record<number, object>>): Promise<Cluster> {
  const services = TENANTS.map((vni) => ({ source: example, config, vni }));
  const cluster = await openCluster({ forwarders: 2, chains: [2, 1], services });
  for (const [id, { underlay }] of cluster.members) {
    await underlay.endpoints.set(
      TENANTS.flatMap((vni) =>
        ["10.0.0.7", "10.2.0.1"].map((address) => ({
          vni,
          address,
          kind: "vxlan" as const,
          local: addressOf(id),
          remote: HOST,
          mac: "02:00:00:00:01:07",
          gatewayMac: "02:00:00:00:01:01",
          interface: OUTSIDE,
          source: macOf(id),
          destination: "02:00:00:00:02:09",
        })),
      ),
    );
    await underlay.quotas.set(quotas);
  }
  return cluster;
}

/** How many of a tenant's flows, by numbers of their client's port, are let through; each is one SYN, by one forwarder or the other. */
function opened(cluster: Cluster, vni: number, ports: { readonly from: number; readonly count: number }): number {
  let count = 0;
  for (let at = 0; at < ports.count; at++) {
    const forwarder = (at & 1) + 1;
    const syn = tcp(`10.0.0.7:${ports.from + at}`, "10.1.0.1:80").syn();
    const left = cluster.send(forwarder, vxlan(syn, { from: HOST, to: addressOf(forwarder), vni }).bytes);
    if (left.some(({ how }) => how === "sent")) count += 1;
  }
  return count;
}

test("flows of a tenant at once: both chains together give out no more, and the other tenant has its own", async () => {
  const cluster = await open({ 7: { flows: 21 }, 8: { flows: 100 } });
  // A half of it each, rounded up.
  expect(opened(cluster, 7, { from: 2000, count: 80 })).toBe(22);
  expect(dropsOf(cluster)).toEqual({ "quota of flows": 58 });
  expect(opened(cluster, 8, { from: 2000, count: 40 })).toBe(40);
  // What stands goes on, at whichever forwarder it comes.
  expect(opened(cluster, 7, { from: 2000, count: 80 })).toBe(22);
});

test("new flows a second: each chain its part of the rate and of the burst", async () => {
  const cluster = await open({ 7: { newFlows: { perSecond: 4, burst: 10 } } });
  expect(opened(cluster, 7, { from: 2000, count: 60 })).toBe(10);
  cluster.advance(2n * SECOND);
  expect(opened(cluster, 7, { from: 3000, count: 60 })).toBe(8);
  expect(opened(cluster, 8, { from: 2000, count: 30 })).toBe(30);
  expect(Object.keys(dropsOf(cluster))).toEqual(["quota of new flows"]);
});

test("a chain that takes over all buckets gives out all of it", async () => {
  const cluster = await open({ 7: { newFlows: { perSecond: 1, burst: 20 } } });
  const [chain = []] = cluster.chains;
  cluster.view([chain]);
  expect(opened(cluster, 7, { from: 2000, count: 60 })).toBe(20);
});
