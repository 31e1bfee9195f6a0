/**
 * A cluster in native XDP: packets are sprayed one by one over its forwarders, every flow is kept by a chain, and members are
 * lost while connections run.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ClusterMember, type LabCluster, startLabCluster } from "../../runtime/lab/cluster/cluster.ts";
import { createLab, fetchMany, type Lab, type Namespace, startWebServer } from "../../runtime/lab/index.ts";
import { readFlows } from "../../runtime/node/flows.ts";
import { version } from "./examples.ts";

const SIZE = 24 * 2 ** 20;
/** So that a download lasts for several seconds. */
const RATE = "4M";

let lab: Lab;
let cluster: LabCluster;
let client: Namespace;
let digest: string;
beforeAll(async () => {
  lab = createLab();
  cluster = await startLabCluster(lab, { forwarders: 3, chains: [3, 3] });
  const files = join(lab.folder, "files");
  mkdirSync(files);
  const content = randomBytes(SIZE);
  writeFileSync(join(files, "large"), content);
  digest = createHash("sha256").update(content).digest("hex");
  for (const server of cluster.network.servers) await startWebServer(lab, server, { files });
  client = cluster.network.clients[0] as Namespace;
  const balancer = await version("balancer");
  await cluster.add(balancer, {
    name: "four",
    config: { service: { listen: ["10.1.0.1:80/tcp"] }, balancer: { backends: ["10.2.1.1:80", "10.2.2.1:80"] } },
  });
  await cluster.add(balancer, {
    name: "six",
    config: {
      service: { listen: ["[2001:db8:1::1]:80/tcp"] },
      balancer: { backends: ["[2001:db8:2:1::1]:80", "[2001:db8:2:2::1]:80"] },
    },
  });
}, 180_000);
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await lab?.dispose();
});

const hosts = { IPv4: "10.1.0.1", IPv6: "[2001:db8:1::1]" } as const;

test.each(["IPv4", "IPv6"] as const)(
  "each packet by the next forwarder, over %s: every connection completes",
  async (family) => {
    const { succeeded, failures } = await fetchMany(client, `http://${hosts[family]}/`, { count: 300 });
    expect(failures).toEqual(new Map());
    expect(succeeded).toBe(300);
  },
  60_000,
);

test("every member of a chain has what its head has", () => {
  for (const chain of cluster.chains) {
    const flows = chain.map(({ running }) =>
      [...readFlows(running.node)].map(({ client: from, sent }) => inspect([from, sent])).sort(),
    );
    expect(flows[0]?.length).toBeGreaterThan(100);
    expect(flows[1]).toEqual(flows[0]);
    expect(flows[2]).toEqual(flows[0]);
  }
});

const download = async (host: string): Promise<string> => {
  const curl = `curl -gsS --fail --limit-rate ${RATE} --max-time 60 http://${host}/files/large | sha256sum`;
  const { stdout } = await client.run("bash", ["-o", "pipefail", "-c", curl], { timeout: 90_000 });
  return stdout.split(" ")[0] ?? "";
};

/** Nothing that goes to it or comes from it arrives any more. */
const freeze = ({ namespace, front }: ClusterMember) =>
  namespace.ip("link set wire down", ...(front === null ? [] : ["link set front down"]));
const thaw = ({ namespace, front }: ClusterMember) =>
  namespace.ip("link set wire up", ...(front === null ? [] : ["link set front up"]));

test("members are lost one after the other, all but one of each chain and of the forwarders: no connection breaks", async () => {
  const downloads = Object.values(hosts).flatMap((host) => [download(host), download(host), download(host)]);
  const lost: ClusterMember[] = [];
  let chains = cluster.chains;
  const losses = async (): Promise<void> => {
    const forwarders = cluster.forwarders.map((_, place) => place);
    for (const round of [0, 1]) {
      const gone = chains.map((chain) => chain[round === 0 ? 0 : 1] as ClusterMember);
      const forwarder = cluster.forwarders[round] as ClusterMember;
      for (const member of [...gone, forwarder]) {
        await freeze(member);
        lost.push(member);
      }
      await cluster.network.spread(forwarders.slice(round + 1));
      chains = chains.map((chain) => chain.filter((member) => !gone.includes(member)));
      cluster.view(chains);
      // New connections are decided by those that are left.
      for (const host of Object.values(hosts)) {
        const { failures } = await fetchMany(client, `http://${host}/`, { count: 50 });
        expect(failures).toEqual(new Map());
      }
    }
  };
  try {
    await losses();
    expect(await Promise.all(downloads)).toEqual(downloads.map(() => digest));
  } finally {
    await Promise.allSettled(downloads);
    for (const member of lost) await thaw(member);
  }
}, 120_000);
