/**
 * A node's entrances as real hosts see them: the kernel's neighbour tables, arping and ndisc6, on a cable and through the
 * kernel's own VXLAN device. The node has no service: nothing but its answers comes from it.
 *
 *     host ── cable ── node: 192.0.2.1 and 2001:db8::1 are entrances, which no stack has
 *      └──── VXLAN ──── node: 10.7.0.1, fd07::1 (a router), and the endpoint 10.7.0.9, fd07::9
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attach, type Node, openNode } from "../../runtime/index.ts";
import type { Built } from "../../runtime/lab/index.ts";
import { GATEWAY, NODE, OURS, STATION, type TunnelledHost, tunnelledHost, VNI } from "./tunnelled-host.ts";

let network: Built<TunnelledHost>;
let node: Node;
const open = new AsyncDisposableStack();

beforeAll(async () => {
  network = await tunnelledHost(["192.0.2.7/24", "2001:db8::7/64"]);
  open.use(network);
  await network.host.ip("link set vx up", "address add 10.7.0.7/24 dev vx", "address add fd07::7/64 dev vx nodad");
  node = await openNode({ flows: 4096 });
  open.defer(() => node.close());
  const { endpoint } = network;
  await node.tunnels.set([NODE]);
  await node.endpoints.set([
    { ...endpoint, address: "10.7.0.7", mac: STATION },
    { ...endpoint, address: "fd07::7", mac: STATION },
    { ...endpoint, address: "10.7.0.9", mac: "02:0a:00:00:00:09" },
    { ...endpoint, address: "fd07::9", mac: "02:0a:00:00:00:09" },
  ]);
  await node.entrances.set([
    { address: "192.0.2.1", mac: OURS },
    { address: "2001:db8::1", mac: OURS, interface: endpoint.interface },
    { vni: VNI, address: "10.7.0.1", mac: GATEWAY },
    { vni: VNI, address: "fd07::1", mac: GATEWAY, router: true },
    { vni: VNI, address: "fe80::1", mac: GATEWAY, router: true },
  ]);
  open.use(await attach(node.object.program(node.root), { interface: "cable", namespace: network.gateway.path }));
});
afterAll(() => open.disposeAsync());

/** What the kernel's neighbour table says of an address once somebody has sent to it. */
async function learnt(address: string): Promise<string> {
  const { host } = network;
  const probe = ["-n", "-c", "1", "-W", "1", address];
  await host.run("ping", probe, { accept: [1, 2] });
  return (await host.run("ip", ["neighbour", "show", "to", address])).stdout;
}

describe.each([
  ["on the cable", "net", "192.0.2.1", "2001:db8::1", OURS, ""],
  ["in a tunnel", "vx", "10.7.0.1", "fd07::1", GATEWAY, "router "],
])("%s", (_, device, four, six, mac, router) => {
  test("arping", async () => {
    const { stdout } = await network.host.run("arping", ["-I", device, "-c", "3", "-i", "1", four]);
    expect(stdout).toContain("Received 3 response(s)");
    expect(stdout.toLowerCase()).toContain(`[${mac}]`);
  });

  test("ndisc6", async () => {
    const { stdout } = await network.host.run("ndisc6", ["-r", "1", "-w", "2000", six, device]);
    expect(stdout.toLowerCase()).toContain(`target link-layer address: ${mac}`);
  });

  test("the kernel's own neighbour tables", async () => {
    expect(await learnt(four)).toContain(`${four} dev ${device} lladdr ${mac} REACHABLE`);
    expect(await learnt(six)).toContain(`${six} dev ${device} lladdr ${mac} ${router}REACHABLE`);
  });
});

test("a router's link-local address, asked from one", async () => {
  const { stdout } = await network.host.run("ndisc6", ["-r", "1", "-w", "2000", "fe80::1", "vx"]);
  expect(stdout.toLowerCase()).toContain(`target link-layer address: ${GATEWAY}`);
});

test("endpoints are answered for, with the gateway's MAC address", async () => {
  expect(await learnt("10.7.0.9")).toContain(`10.7.0.9 dev vx lladdr ${GATEWAY} REACHABLE`);
  expect(await learnt("fd07::9")).toContain(`fd07::9 dev vx lladdr ${GATEWAY} REACHABLE`);
});

test("nobody's addresses are not answered for; a host's own is no duplicate", async () => {
  expect(await learnt("192.0.2.9")).toMatch(/FAILED|INCOMPLETE/);
  expect(await learnt("10.7.0.66")).toMatch(/FAILED|INCOMPLETE/);
  const probe = await network.host.run("arping", ["-D", "-I", "vx", "-c", "2", "10.7.0.7"]);
  expect(probe.stdout).toContain("Received 0 response(s)");
  await network.host.ip("address del fd07::7/64 dev vx", "address add fd07::7/64 dev vx");
  await expect
    .poll(async () => (await network.host.run("ip", ["address", "show", "dev", "vx", "to", "fd07::7"])).stdout, {
      timeout: 10_000,
    })
    .not.toContain("tentative");
  const { stdout } = await network.host.run("ip", ["address", "show", "dev", "vx", "to", "fd07::7"]);
  expect(stdout).not.toContain("dadfailed");
});

test("what is wrong is refused whole, with its path", async () => {
  const good = { vni: VNI, address: "10.7.0.1", mac: GATEWAY };
  const refused = (one: object) => expect(node.entrances.set([good, one as never])).rejects;
  await refused({ ...good, address: "10.7.0.256" }).toThrow("entrances[1].address");
  await refused({ ...good, mac: "ff:ff:ff:ff:ff:ff" }).toThrow("entrances[1].mac");
  await refused({ ...good, interface: 3 }).toThrow("entrances[1].interface");
  await refused({ ...good, vni: 2 ** 24 }).toThrow("entrances[1].vni");
  await refused({ ...good, rooter: true }).toThrow("entrances[1]");
  await refused(good).toThrow("entrances[1]: the same as [0]");
  const { stdout } = await network.host.run("ndisc6", ["-r", "1", "-w", "2000", "fd07::1", "vx"]);
  expect(stdout.toLowerCase()).toContain(GATEWAY);
});

test("an entrance that is taken away is answered for no more", async () => {
  await node.entrances.set([{ vni: VNI, address: "10.7.0.1", mac: GATEWAY }]);
  const arping = async (device: string, address: string) =>
    (await network.host.run("arping", ["-I", device, "-c", "1", "-w", "1", address], { accept: [1] })).stdout;
  expect(await arping("net", "192.0.2.1")).toContain("Received 0 response(s)");
  expect(await arping("vx", "10.7.0.1")).toContain("Received 1 response(s)");
});
