/**
 * Two tenants with the same addresses on one node in native XDP: each has a client and a server behind the Linux kernel's own
 * VXLAN devices, and a balancer of its own between them.
 *
 *     client 10.0.0.7 ── VXLAN ──┐      ┌── VXLAN ── server 10.2.0.1     network 71
 *                                 ├ node ┤        10.1.0.1 in both
 *     client 10.0.0.7 ── VXLAN ──┘      └── VXLAN ── server 10.2.0.1     network 72
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { attach, type Node, openNode, type RemoteEndpoint } from "../../runtime/index.ts";
import {
  type Built,
  buildLab,
  type Lab,
  type LabProcess,
  type Namespace,
  startWebServer,
} from "../../runtime/lab/index.ts";
import { fromBytes, readCapture } from "../kit/index.ts";
import { FAULTS_OF_CUT_QUOTES, startWireshark } from "../kit-tests/wireshark.ts";
import { addTenantHost, GATEWAY_MAC, type TenantHost, tenantEndpoint, under } from "./tenant-hosts.ts";

const SERVICE = "10.1.0.1";
const OWN = "10.1.0.254";
/** The underlay as the node is told of it; the cables take more. */
const MTU = 1450;
const OVERHEAD = 50;

const ROLES = {
  client: { address: "10.0.0.7", router: "10.0.0.1" },
  server: { address: "10.2.0.1", router: "10.2.0.254" },
} as const;
type Role = keyof typeof ROLES;
const TENANTS = [71, 72] as const;
type Tenant = (typeof TENANTS)[number];

interface Host extends TenantHost {
  readonly vni: Tenant;
  readonly role: Role;
}

async function addHost(lab: Lab, gateway: Namespace, vni: Tenant, role: Role, place: number): Promise<Host> {
  return { ...(await addTenantHost(lab, gateway, { vni, name: `${role}${vni}`, ...ROLES[role], place })), vni, role };
}

interface Network {
  readonly gateway: Namespace;
  readonly hosts: readonly Host[];
}

let network: Built<Network>;
let node: Node;
const captures: { readonly host: Host; readonly file: string; readonly process: LabProcess }[] = [];
const open = new AsyncDisposableStack();

const endpointOf = (host: Host): RemoteEndpoint => tenantEndpoint(host, MTU);
const bodyOf = (vni: Tenant): string => `${vni}.`.repeat(1200);
const hostOf = (vni: Tenant, role: Role): Host =>
  network.hosts.find((host) => host.vni === vni && host.role === role) as Host;

beforeAll(async () => {
  network = await buildLab(async (lab) => {
    const gateway = await lab.namespace("gateway");
    const hosts: Host[] = [];
    for (const vni of TENANTS)
      for (const role of ["client", "server"] as const) {
        const host = await addHost(lab, gateway, vni, role, hosts.length + 1);
        hosts.push(host);
        const file = join(lab.folder, `${role}${vni}.pcapng`);
        const ready = { prints: /Capturing on/ };
        const process = await host.namespace.start("tshark", ["-q", "-i", "net", "-w", file], { ready });
        captures.push({ host, file, process });
        if (role === "server") await startWebServer(lab, host.namespace, { body: bodyOf(vni) });
      }
    return { gateway, hosts };
  });
  open.use(network);
  const compiled = await compile(fileURLToPath(new URL("../../examples/balancer/service.ts", import.meta.url)));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  node = await openNode({ flows: 4096 });
  open.defer(() => node.close());
  const { hosts, gateway } = network;
  await node.tunnels.set(hosts.map(({ place }) => under(place, 1)));
  await node.endpoints.set(hosts.map(endpointOf));
  // Hosts ask by ARP, through their tunnels.
  const routers = Object.values(ROLES).map(({ router }) => router);
  await node.entrances.set(
    TENANTS.flatMap((vni) => routers.map((address) => ({ vni, address, mac: GATEWAY_MAC, router: true }))),
  );
  await node.addresses.set(TENANTS.map((vni) => ({ vni, address: OWN })));
  for (const vni of TENANTS) {
    const balance = async (name: string, listen: object | string, port: number): Promise<void> => {
      const config = { service: { listen: [listen] }, balancer: { backends: [`${ROLES.server.address}:${port}`] } };
      await node.add({ object: compiled.code.object, manifest: compiled.manifest }, { name, vni, config });
    };
    await balance(`web${vni}`, `${SERVICE}:80/tcp@${vni}`, 80);
    // Echoes have no port to go to.
    await balance(`echo${vni}`, { address: SERVICE, vni, port: 0, protocol: "icmp" }, 0);
  }
  for (const { place } of hosts)
    open.use(await attach(node.object.program(node.root), { interface: `to${place}`, namespace: gateway.path }));
});
afterAll(() => open.disposeAsync());

describe.each(TENANTS)("tenant %i", (vni) => {
  test("echoes come back", async () => {
    const { stdout } = await hostOf(vni, "client").namespace.run("ping", "-n -c 5 -i 0.01 -W 2 10.1.0.1".split(" "));
    expect(stdout).toContain(" 0% packet loss");
  });

  test("a time to live that is up is answered by the node", async () => {
    const { stdout } = await hostOf(vni, "client").namespace.run("ping", "-n -c 1 -t 1 -W 2 10.1.0.1".split(" "), {
      accept: [1],
    });
    expect(stdout).toMatch(/From 10\.1\.0\.254 .*Time to live exceeded/);
  });

  test.each([
    ["ICMP", ["-I"], [OWN, SERVICE]],
    ["TCP", ["-T", "-p", "80"], [OWN, SERVICE]],
    // Nobody serves those ports: the node is seen all the same.
    ["UDP", [], [OWN, "*"]],
  ] as const)("traceroute by %s", async (_, how, hops) => {
    const words = ["-n", "-q", "1", "-w", "1", "-m", "2", ...how, SERVICE];
    const { stdout } = await hostOf(vni, "client").namespace.run("traceroute", words);
    const seen = stdout.trim().split("\n").slice(1);
    expect(seen.map((line) => line.trim().split(/\s+/)[1])).toEqual(hops);
  });

  test("what is too long is answered with what fits", async () => {
    const { namespace } = hostOf(vni, "client");
    const { stdout, stderr } = await namespace.run("ping", "-n -c 2 -i 0.01 -W 2 -M do -s 1400 10.1.0.1".split(" "), {
      accept: [1],
    });
    expect(`${stdout}${stderr}`).toMatch(new RegExp(`mtu ?= ?${MTU - OVERHEAD}`));
  });
});

test("each tenant's connections reach its own server, with the same addresses and ports at once", async () => {
  const fetches = Array.from({ length: 20 }, (_, i) => 40_000 + i).flatMap((port) =>
    TENANTS.map(async (vni) => {
      const url = `http://${SERVICE}/`;
      const { namespace } = hostOf(vni, "client");
      const { stdout } = await namespace.run("curl", ["-sS", "-m", "20", "--local-port", `${port}`, url]);
      return { vni, right: stdout === bodyOf(vni) };
    }),
  );
  const results = await Promise.all(fetches);
  expect(results.filter(({ right }) => !right)).toEqual([]);
  expect(results).toHaveLength(40);
});

test("what the node is told wrongly is refused whole, and all goes on", async () => {
  const good = network.hosts.map(endpointOf);
  const [first] = good as [RemoteEndpoint];
  const refused = (all: readonly RemoteEndpoint[]) => expect(node.endpoints.set(all)).rejects;
  await refused([{ ...first, remote: "2001:db8::1" }]).toThrow("endpoints[0].remote");
  await refused([...good, first]).toThrow("endpoints[4]: the same as [0]");
  await refused([{ ...first, vni: 0 }]).toThrow("endpoints[0].vni");
  await refused([{ ...first, mac: "ff:ff:ff:ff:ff:ff" }]).toThrow("endpoints[0].mac");
  await expect(node.tunnels.set(["192.0.2"])).rejects.toThrow("tunnels[0]");
  const { stdout } = await hostOf(72, "client").namespace.run("curl", ["-sS", "-m", "20", `http://${SERVICE}/`]);
  expect(stdout).toBe(bodyOf(72));
});

test("an endpoint that is taken away is reached no more", async () => {
  const all = network.hosts.map(endpointOf);
  await node.endpoints.set(all.filter(({ vni, address }) => vni !== 71 || address !== ROLES.server.address));
  const get = async (vni: Tenant) =>
    hostOf(vni, "client").namespace.run("curl", ["-sS", "-m", "1", `http://${SERVICE}/`], { accept: [28] });
  expect((await get(71)).stdout).toBe("");
  expect((await get(72)).stdout).toBe(bodyOf(72));
  await node.endpoints.set(all);
  expect((await get(71)).stdout).toBe(bodyOf(71));
});

test("Wireshark finds nothing malformed and no bad checksum in all that the node sent, and no network leaks", async () => {
  const wireshark = await startWireshark();
  try {
    for (const { host, file, process } of captures) {
      await process.dispose();
      const all = readCapture(await readFile(file)).packets.map(({ bytes }) => fromBytes(bytes));
      const sent = all.filter((packet) => packet.layer("ethernet").source === host.near.mac);
      const tunnelled = sent.filter(({ layers }) => layers.some(({ kind }) => kind === "vxlan"));
      expect(tunnelled.length).toBeGreaterThan(100);
      expect(new Set(tunnelled.map((packet) => packet.layer("vxlan").vni))).toEqual(new Set([host.vni]));
      expect(await wireshark.faults(sent, FAULTS_OF_CUT_QUOTES)).toEqual([]);
    }
  } finally {
    await wireshark.close();
  }
});
