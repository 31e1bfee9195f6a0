/**
 * Three tenants on one gateway in native XDP, each machine in a network namespace behind the kernel's own VXLAN device. Two
 * have the same addresses; red and peer may speak to each other.
 *
 *     red-a 10.0.0.7 ─┐              ┌─ blue-a 10.0.0.7       networks 71 (red), 72 (blue), 73 (peer)
 *     red-b 10.0.0.8 ─┼── gateway ───┼─ blue-c 10.0.1.9
 *     red-c 10.0.1.9 ─┘              └─ peer-p 10.8.0.5
 *
 * Try: node lab.ts
 */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { compile, ZetaError } from "zeta/compiler";
import {
  type Built,
  buildLab,
  type Entrance,
  type Lab,
  type Namespace,
  type RemoteEndpoint,
  type RunningNode,
  startNode,
} from "zeta/runtime";

export const GATEWAY_MAC = "02:99:00:00:00:01";
/** Where machines' hosts send their tunnels to. */
const NODE = "198.51.100.1";
/** IP packets of the underlay; a tunnel's headers take 50 bytes of them. */
export const UNDERLAY_MTU = 1450;

const subnet = (four: string, six: string) => ({ four, six, gateway: { four: `${four}.1`, six: `${six}::1` } });
const FIRST = subnet("10.0.0", "fd00:0:0:1");
const SECOND = subnet("10.0.1", "fd00:0:0:2");
const PEERS = subnet("10.8.0", "fd08:0:0:1");

const NETWORKS = {
  red: { vni: 71, subnets: [FIRST, SECOND], peers: { "10.8.0.0/24": 73, "fd08:0:0:1::/64": 73 } },
  blue: { vni: 72, subnets: [FIRST, SECOND], peers: {} },
  peer: { vni: 73, subnets: [PEERS], peers: { "10.0.0.0/23": 71, "fd00::/62": 71 } },
} as const;
export type Tenant = keyof typeof NETWORKS;

/** In the order of their cables. */
export const MACHINES = [
  { name: "red-a", tenant: "red", subnet: FIRST, number: 7 },
  { name: "red-b", tenant: "red", subnet: FIRST, number: 8 },
  { name: "red-c", tenant: "red", subnet: SECOND, number: 9 },
  { name: "blue-a", tenant: "blue", subnet: FIRST, number: 7 },
  { name: "blue-c", tenant: "blue", subnet: SECOND, number: 9 },
  { name: "peer-p", tenant: "peer", subnet: PEERS, number: 5 },
] as const;
export type MachineName = (typeof MACHINES)[number]["name"];

export interface Machine {
  readonly namespace: Namespace;
  readonly vni: number;
  readonly four: string;
  readonly six: string;
  /** MAC address of the gateway's end of its cable. */
  readonly near: string;
}

export interface Vpcs {
  readonly gateway: Namespace;
  readonly node: RunningNode;
  readonly machines: Readonly<Record<MachineName, Machine>>;
}

const configOf = ({ subnets, peers }: (typeof NETWORKS)[Tenant]) => ({
  "vpc-gateway": {
    subnets: Object.fromEntries(
      subnets.flatMap(({ four, six }, index) => [
        [`${four}.0/24`, index + 1],
        [`${six}::/64`, index + 1],
      ]),
    ),
    peers,
    addresses: Object.fromEntries(
      subnets.flatMap(({ gateway: { four, six } }) => [
        [`${four}/32`, 1],
        [`${six}/128`, 1],
      ]),
    ),
  },
});

const entrancesOf = ({ vni, subnets }: (typeof NETWORKS)[Tenant]): Entrance[] =>
  subnets.flatMap(({ gateway }) =>
    [gateway.four, gateway.six].map((address) => ({ vni, address, mac: GATEWAY_MAC, router: true })),
  );

/** A machine, its cable to the gateway, and its way into its network: it asks for its neighbours as any machine does. */
async function addMachine(lab: Lab, gateway: Namespace, index: number) {
  const { name, tenant, subnet, number } = MACHINES[index] as (typeof MACHINES)[number];
  const { vni } = NETWORKS[tenant];
  const namespace = await lab.namespace(name);
  const [remote, router] = [`192.0.${index}.2`, `192.0.${index}.1`];
  const { ends } = await lab.connect(
    { namespace, interface: "net", addresses: [`${remote}/24`], passXdp: true },
    { namespace: gateway, interface: name, addresses: [`${router}/24`] },
    { mtu: 1700, staticNeighbours: true },
  );
  const [end, near] = ends;
  const mac = `02:0a:00:00:${vni}:0${number}`;
  const [four, six] = [`${subnet.four}.${number}`, `${subnet.six}::${number}`];
  await namespace.ip(
    `route add ${NODE} via ${router}`,
    `link add vx address ${mac} mtu 1500 type vxlan id ${vni} local ${remote} remote ${NODE} dstport 4789 nolearning`,
    "link set vx up",
    `address add ${four}/24 dev vx`,
    `address add ${six}/64 dev vx nodad`,
    `route add default via ${subnet.gateway.four} dev vx`,
    `route add ::/0 via ${subnet.gateway.six} dev vx`,
  );
  await namespace.run("ethtool", ["-K", "vx", "tx", "off", "tso", "off", "gso", "off", "gro", "off"]);
  const { stdout } = await gateway.run("ip", ["-json", "link", "show", "dev", name]);
  const [{ ifindex }] = JSON.parse(stdout) as [{ ifindex: number }];
  const endpoints = [four, six].map((address): RemoteEndpoint => {
    const outer = { kind: "vxlan", local: NODE, remote, interface: ifindex } as const;
    return {
      ...outer,
      source: near.mac,
      destination: end.mac,
      vni,
      address,
      mac,
      gatewayMac: GATEWAY_MAC,
      mtu: UNDERLAY_MTU,
    };
  });
  return { name, endpoints, machine: { namespace, vni, four, six, near: near.mac } };
}

/** The network, its gateway running. Disposing it takes everything down. */
export async function buildVpcs(): Promise<Built<Vpcs>> {
  const open = new AsyncDisposableStack();
  try {
    const built = open.use(
      await buildLab(async (lab) => {
        const gateway = await lab.namespace("gateway");
        const added: Awaited<ReturnType<typeof addMachine>>[] = [];
        for (const index of MACHINES.keys()) added.push(await addMachine(lab, gateway, index));
        return { gateway, added };
      }),
    );
    const { gateway, added, lab } = built;
    const compiled = await compile(fileURLToPath(new URL("./service.ts", import.meta.url)));
    if (!compiled.ok) throw new ZetaError(compiled.problems);
    const running = open.use(
      await startNode({
        interfaces: added.map(({ name }) => name),
        namespace: gateway.fullName,
        state: `${lab.folder}/state`,
        flows: 4096,
      }),
    );
    const { node } = running;
    await node.tunnels.set([NODE]);
    await node.endpoints.set(added.flatMap(({ endpoints }) => endpoints));
    await node.entrances.set(Object.values(NETWORKS).flatMap(entrancesOf));
    await node.addresses.set(
      Object.values(NETWORKS).flatMap(({ vni, subnets: [{ gateway: own }] }) => [
        { vni, address: own.four },
        { vni, address: own.six },
      ]),
    );
    for (const [name, network] of Object.entries(NETWORKS)) {
      const { manifest, code } = compiled;
      const config = configOf(network);
      await node.add({ object: code.object, manifest }, { name, vni: network.vni, config });
    }
    const machines = Object.fromEntries(added.map(({ name, machine }) => [name, machine])) as Record<
      MachineName,
      Machine
    >;
    const all = open.move();
    const dispose = () => all.disposeAsync();
    return { gateway, node: running, machines, lab, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}

const [, program] = process.argv;
if (program === fileURLToPath(import.meta.url)) {
  await using vpcs = await buildVpcs();
  const { namespace } = vpcs.machines["red-a"];
  const inside = `ip netns exec ${namespace.fullName}`;
  console.log(`Machines are ${MACHINES.map(({ name }) => `${vpcs.lab.run}-${name}`).join(", ")}. Try:`);
  console.log(`  ${inside} ping -c 3 10.0.0.8      # a neighbour: as a switch does`);
  console.log(`  ${inside} traceroute -n 10.0.1.9  # another subnet: the gateway is a hop`);
  console.log(`  ${inside} ping -c 3 10.8.0.5      # a peer's machine`);
  console.log("Ctrl-C ends it.");
  const kept = setInterval(() => {}, 1000);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  clearInterval(kept);
}
