/**
 * A node's routers as real hosts see them: rdisc6, and the kernel that solicits by itself, takes its default route, makes itself an
 * address and keeps to the link's MTU; on a cable and through the kernel's own VXLAN device. The node has no service.
 *
 *     host ── cable ── node: fe80::1, a router
 *      └──── VXLAN ──── node: fe80::1 in the tenant's network, another
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attach, type Node, openNode } from "../../runtime/index.ts";
import type { Built } from "../../runtime/lab/index.ts";
import { GATEWAY, NODE, OURS, STATION, type TunnelledHost, tunnelledHost, VNI } from "./tunnelled-host.ts";

let network: Built<TunnelledHost>;
let node: Node;
const open = new AsyncDisposableStack();

beforeAll(async () => {
  network = await tunnelledHost();
  open.use(network);
  node = await openNode({ flows: 4096 });
  open.defer(() => node.close());
  const { endpoint } = network;
  await node.tunnels.set([NODE]);
  await node.endpoints.set([{ ...endpoint, address: "10.7.0.7", mac: STATION }]);
  await node.entrances.set([
    {
      address: "fe80::1",
      mac: OURS,
      interface: endpoint.interface,
      router: {
        lifetime: 1800,
        mtu: 1600,
        prefixes: [{ prefix: "2001:db8:7::/64", validLifetime: 7200, preferredLifetime: 3600 }],
      },
    },
    { vni: VNI, address: "fe80::1", mac: GATEWAY, router: { mtu: 1400, prefixes: [{ prefix: "fd07::/64" }] } },
  ]);
  open.use(await attach(node.object.program(node.root), { interface: "cable", namespace: network.gateway.path }));
});
afterAll(() => open.disposeAsync());

const PATIENCE = { timeout: 30_000 };
const shown = async (...words: string[]): Promise<string> => (await network.host.run("ip", ["-6", ...words])).stdout;

describe.each([
  ["on a cable", "net", OURS, "2001:db8:7::", 1600, 1800],
  ["in a tunnel", "vx", GATEWAY, "fd07::", 1400, 65_535],
])("%s", (_, device, mac, prefix, mtu, lifetime) => {
  test("the kernel asks when its link comes up, and has a route, an address and an MTU", async () => {
    const { host } = network;
    await host.run("sysctl", ["-w", `net.ipv6.conf.${device}.accept_ra=2`]);
    await host.ip(`link set ${device} down`, `link set ${device} up`);
    await expect
      .poll(() => shown("route", "show", "default", "dev", device), PATIENCE)
      .toMatch(/^default via fe80::1 proto ra /);
    const route = await shown("route", "show", "default", "dev", device);
    const left = Number(/expires (\d+)sec/.exec(route)?.[1]);
    expect(left).toBeGreaterThan(lifetime - 60);
    expect(left).toBeLessThanOrEqual(lifetime);
    expect(route).toContain("hoplimit 64");
    await expect
      .poll(() => shown("address", "show", "dev", device, "scope", "global"), PATIENCE)
      .toContain(` ${prefix}`);
    expect((await host.run("cat", [`/proc/sys/net/ipv6/conf/${device}/mtu`])).stdout.trim()).toBe(String(mtu));
    // And the neighbour behind the route, by the option of the same message.
    const neighbour = await shown("neighbour", "show", "to", "fe80::1", "dev", device);
    expect(neighbour).toContain(`lladdr ${mac} router`);
  });

  test("rdisc6 reads it", async () => {
    const { stdout } = await network.host.run("rdisc6", ["-1", "-r", "3", "-w", "3000", device]);
    expect(stdout).toMatch(/Hop limit +: +64 /);
    expect(stdout).toMatch(new RegExp(`Router lifetime +: +${lifetime} `));
    expect(stdout).toMatch(new RegExp(`Prefix +: +${prefix}/64`));
    expect(stdout).toMatch(new RegExp(`MTU +: +${mtu} bytes`));
    expect(stdout.toLowerCase()).toContain(`source link-layer address: ${mac}`);
    expect(stdout).toContain("from fe80::1");
  });
});

test("a router that is taken away answers no more", async () => {
  await node.entrances.set([]);
  const { stdout } = await network.host.run("rdisc6", ["-1", "-r", "1", "-w", "1000", "vx"], { accept: [2] });
  expect(stdout).not.toContain("fe80::1");
});
