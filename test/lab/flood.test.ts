/**
 * A tenant floods a small node in native XDP with new flows, as fast as it can send: within its quota, and then until the
 * table is full. Its own old flows, and everything of the other tenant's, go on without a packet lost.
 *
 *     flooder 10.0.0.8 ─┐                      network 71
 *     client  10.0.0.7 ─┤
 *                       node ── server 10.2.0.1, in both networks
 *     client  10.0.0.7 ─┘                      network 72
 */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { attach, type Node, openNode } from "../../runtime/index.ts";
import { type Built, buildLab, type Namespace } from "../../runtime/lab/index.ts";
import { flowRoom, readFlows } from "../../runtime/node/flows.ts";
import { nodeDropCounts, readAll } from "../../runtime/service/counts.ts";
import { echoClient, echoServer } from "../node/echo.ts";
import {
  addTenantHost,
  GATEWAY_MAC,
  type HostOptions,
  type TenantHost,
  tenantEndpoint,
  under,
} from "./tenant-hosts.ts";

const SERVICE = "10.1.0.1";
const PORT = 53;
const TENANTS = [71, 72] as const;
type Tenant = (typeof TENANTS)[number];
const SMALL = 2000;
const QUOTA = 300;
/** CPUs that may each admit a flow at the same moment. */
const AT_ONCE = 64n;

const hostsOf = (vni: Tenant, first: number): readonly HostOptions[] => [
  { vni, name: `client${vni}`, address: "10.0.0.7", router: "10.0.0.1", place: first },
  { vni, name: `server${vni}`, address: "10.2.0.1", router: "10.2.0.254", place: first + 1 },
];
const HOSTS: readonly HostOptions[] = [
  ...hostsOf(71, 1),
  ...hostsOf(72, 3),
  { vni: 71, name: "flooder", address: "10.0.0.8", router: "10.0.0.1", place: 5, tunnel: under(1, 1) },
];

/** Whole IP packets, so that every source port is another flow: a socket for each would be slow. Three rounds of all ports. */
const FLOODER = `
import random, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
source, to = socket.inet_aton("10.0.0.8"), socket.inet_aton("${SERVICE}")
head = struct.pack("!BBHHHBBH", 0x45, 0, 36, 0, 0, 64, 17, 0) + source + to
ports = list(range(1024, 65536))
sent = 0
for _ in range(3):
    random.shuffle(ports)
    for port in ports:
        try:
            s.sendto(head + struct.pack("!HHHH8x", port, ${PORT}, 16, 0), ("${SERVICE}", 0))
            sent += 1
        except OSError:
            pass
print(sent)
`;

interface Network {
  readonly gateway: Namespace;
  readonly hosts: readonly TenantHost[];
}
let network: Built<Network>;
let node: Node;
const open = new AsyncDisposableStack();
const hostNamed = (name: string): Namespace =>
  (network.hosts[HOSTS.findIndex((host) => host.name === name)] as TenantHost).namespace;

beforeAll(async () => {
  network = await buildLab(async (lab) => {
    const gateway = await lab.namespace("gateway");
    const hosts: TenantHost[] = [];
    for (const options of HOSTS) hosts.push(await addTenantHost(lab, gateway, options));
    return { gateway, hosts };
  });
  open.use(network);
  for (const vni of TENANTS) await echoServer(hostNamed(`server${vni}`), "10.2.0.1", PORT);
  const compiled = await compile(fileURLToPath(new URL("../../examples/balancer/service.ts", import.meta.url)));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  node = await openNode({ flows: SMALL });
  open.defer(() => node.close());
  const { hosts, gateway } = network;
  await node.tunnels.set([...new Set(hosts.map(({ tunnel }) => tunnel))]);
  await node.endpoints.set(hosts.map((host) => tenantEndpoint(host, 1600)));
  const routers = ["10.0.0.1", "10.2.0.254"];
  await node.entrances.set(
    TENANTS.flatMap((vni) => routers.map((address) => ({ vni, address, mac: GATEWAY_MAC, router: true }))),
  );
  for (const vni of TENANTS) {
    const config = {
      service: { listen: [`${SERVICE}:${PORT}/udp@${vni}`] },
      balancer: { backends: [`10.2.0.1:${PORT}`] },
    };
    await node.add({ object: compiled.code.object, manifest: compiled.manifest }, { name: `dns${vni}`, vni, config });
  }
  for (const { place } of hosts)
    open.use(await attach(node.object.program(node.root), { interface: `to${place}`, namespace: gateway.path }));
});
afterAll(() => open.disposeAsync());

const dropsOf = (vni: Tenant): Record<string, bigint> => {
  const service = node.services.get(`dns${vni}`);
  return readAll(nodeDropCounts(node, service?.index ?? 0));
};
const ofQuota = (drops: Record<string, bigint>): bigint => drops["service: quota of flows"] ?? 0n;
const ofTable = (drops: Record<string, bigint>): bigint => drops["service: table full"] ?? 0n;
const standing = (vni: Tenant): number => [...readFlows(node)].filter((flow) => flow.vni === vni).length;

/** Floods while old flows of both tenants go on and the other tenant opens a new one; gives what became of them. */
async function flood(newOne: boolean) {
  const clients = TENANTS.map((vni) => hostNamed(`client${vni}`));
  const old = await Promise.all(clients.map((from) => echoClient(from, SERVICE, PORT)));
  const flooding = hostNamed("flooder").run("python3", ["-c", FLOODER]);
  const fresh = newOne ? await echoClient(hostNamed("client72"), SERVICE, PORT) : null;
  const { stdout } = await flooding;
  const echoed = await Promise.all([...old, ...(fresh === null ? [] : [fresh])].map((end) => end()));
  return { sent: Number(stdout), echoed };
}

test("within its quota: old flows, and new ones of the other tenant, lose nothing; what is refused is counted", async () => {
  await node.quotas.set({ 71: { flows: QUOTA } });
  const { sent, echoed } = await flood(true);
  for (const { sent: packets, lost } of echoed) {
    expect(packets).toBeGreaterThan(100);
    expect(lost).toBe(0);
  }
  const refused = ofQuota(dropsOf(71));
  // Each packet of the flood belongs to a flow that stands, was refused, or found the cable full.
  expect(sent).toBeGreaterThan(100_000);
  expect(refused).toBeGreaterThan(10_000n);
  expect(refused).toBeLessThan(BigInt(sent));
  expect(node.quotas.uses()).toMatchObject([{ vni: 71, refused: { flows: refused, newFlows: 0n } }]);
  expect(standing(71)).toBeGreaterThanOrEqual(QUOTA);
  expect(BigInt(standing(71))).toBeLessThan(BigInt(QUOTA) + AT_ONCE);
  expect(ofTable(dropsOf(71))).toBe(0n);
  expect(Object.entries(dropsOf(72)).filter(([, count]) => count > 0n)).toEqual([]);
});

test("without one: the table fills, and refuses by name; old flows of both tenants lose nothing, memory stays as it was", async () => {
  await node.quotas.set({});
  const before = process.memoryUsage.rss();
  const { echoed } = await flood(false);
  for (const { sent: packets, lost } of echoed) {
    expect(packets).toBeGreaterThan(100);
    expect(lost).toBe(0);
  }
  expect(ofTable(dropsOf(71))).toBeGreaterThan(10_000n);
  const room = flowRoom(node).get(4) as number;
  expect(standing(71) * 2).toBeGreaterThan(room * 0.85);
  expect(standing(71) * 2).toBeLessThanOrEqual(room);
  expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
});
