/**
 * A cluster's network on one machine: a provider's router with clients and servers on one side and forwarders on the other,
 * and a wire that forwarders and flow-table nodes share. Hosts of tenants (tenants.ts) are behind the router as clients and
 * servers are. All of it is the kernel's own: veth, bridge, routes, nftables.
 *
 *     client ── router ── server        every packet from a client or server goes to a forwarder, one after the other;
 *                 ║                     what comes from forwarders goes where it is addressed to
 *     forwarder 1…n ══ wire ══ flow-table nodes
 */
import type { Lab } from "../lab.ts";
import type { LinkEnd } from "../link.ts";
import type { Namespace } from "../namespace.ts";
import { addTenantHost, type Tenant, type TenantHost } from "./tenants.ts";

/** Which forwarder a packet of the router's goes to: the next each time, or always the same for one flow. */
export type Spread = "packets" | "flows";

export interface ClusterPlan {
  readonly forwarders: number;
  /** Length of each chain. */
  readonly chains: readonly number[];
  readonly clients?: number;
  readonly servers?: number;
  readonly spread?: Spread;
  readonly tenants?: readonly Tenant[];
}

export interface MemberPlace {
  /** Its number in the cluster. */
  readonly id: number;
  readonly namespace: Namespace;
  /** On the cluster's side, and its number there. */
  readonly wire: LinkEnd;
  readonly wireIndex: number;
  /** IPv4, on that side. */
  readonly address: string;
  /** To the provider's router; null for flow-table nodes. */
  readonly front: LinkEnd | null;
  /** MAC address of the router's end of that cable. */
  readonly gateway: string | null;
  /** Lines of `ip -batch` that bring back what it has lost when its interfaces were set down. */
  readonly restore: readonly string[];
}

export interface ClusterNetwork {
  readonly router: Namespace;
  readonly clients: readonly Namespace[];
  readonly servers: readonly Namespace[];
  readonly tenantHosts: readonly TenantHost[];
  readonly forwarders: readonly MemberPlace[];
  readonly chains: readonly (readonly MemberPlace[])[];
  /** From now on the router spreads over these, by their places among the forwarders. */
  spread(over: readonly number[], how?: Spread): Promise<void>;
}

/** Addresses that services may have: the router sends them to the forwarders, as all that comes from clients and servers. */
export const SERVICE_PREFIXES = ["10.1.0.0/16", "2001:db8:1::/64"] as const;
export const clientAddress = (index: number) => ({ four: `10.0.${index}.7`, six: `2001:db8:0:${index}::7` });
export const serverAddress = (index: number) => ({ four: `10.2.${index}.1`, six: `2001:db8:2:${index}::1` });

/** Room for an operation with its entry before a whole packet of 1500 bytes. */
const WIRE_MTU = 1800;
/** The router's table for what goes to one forwarder. */
const FIRST_TABLE = 100;

async function indexOf({ namespace, interface: name }: LinkEnd): Promise<number> {
  const { stdout } = await namespace.run("ip", ["-json", "link", "show", "dev", name]);
  return (JSON.parse(stdout) as [{ ifindex: number }])[0].ifindex;
}

/** A host behind the router, whose default route leads there. */
async function addHost(
  lab: Lab,
  router: Namespace,
  name: string,
  of: { four: string; six: string },
): Promise<Namespace> {
  const namespace = await lab.namespace(name);
  const gateway = { four: of.four.replace(/\d+$/, "254"), six: of.six.replace(/\w+$/, "fe") };
  await lab.connect(
    { namespace: router, interface: name, addresses: [`${gateway.four}/24`, `${gateway.six}/64`] },
    { namespace, interface: "net", addresses: [`${of.four}/24`, `${of.six}/64`] },
    { staticNeighbours: true },
  );
  await namespace.route("default", { via: gateway.four });
  await namespace.route("::/0", { via: gateway.six });
  return namespace;
}

/** What a forwarder needs for its way to the router, and loses when its interface is set down. */
function frontLines(own: LinkEnd, router: LinkEnd): readonly string[] {
  const bare = (address: string): string => address.split("/")[0] ?? "";
  return [
    "link set front up",
    ...own.addresses.map((address) => `address replace ${address} dev front${address.includes(":") ? " nodad" : ""}`),
    ...router.addresses.flatMap((address) => [
      `neighbour replace ${bare(address)} lladdr ${router.mac} dev front nud permanent`,
      `route replace ${address.includes(":") ? "::/0" : "default"} via ${bare(address)} dev front`,
    ]),
  ];
}

/** The wire is a bridge in a namespace of its own, with a port for every member. */
async function addMember(
  lab: Lab,
  wire: Namespace,
  id: number,
  name: string,
  forwarding: boolean,
): Promise<Omit<MemberPlace, "front" | "gateway">> {
  const namespace = await lab.namespace(name, { forwarding });
  const address = `172.31.${id >> 8}.${id & 255}`;
  const { ends } = await lab.connect(
    { namespace, interface: "wire", addresses: [`${address}/16`] },
    { namespace: wire, interface: `port${id}`, passXdp: true },
    { mtu: WIRE_MTU },
  );
  await wire.ip(`link set port${id} master bridge`);
  return { id, namespace, wire: ends[0], wireIndex: await indexOf(ends[0]), address, restore: ["link set wire up"] };
}

/**
 * For `nft -f`, in the router: by the mark that it gives every packet that comes from `names`, one table leads to each forwarder.
 * `over` are their places among the forwarders.
 */
export function spreadRules(spread: Spread, over: readonly number[], names: readonly string[]): string {
  const marks = over.map((place, index) => `${index} : ${FIRST_TABLE + place}`).join(", ");
  const turn = spread === "packets" ? `numgen inc mod ${over.length}` : null;
  const choose = (family: "ip" | "ip6"): string =>
    turn ?? `jhash ${family} saddr . ${family} daddr . th sport . th dport mod ${over.length}`;
  const rule = (family: "ip" | "ip6"): string =>
    `iifname { ${names.join(", ")} } meta protocol ${family} meta mark set ${choose(family)} map { ${marks} }`;
  return [
    "table inet spread",
    "delete table inet spread",
    "table inet spread {",
    "chain arriving {",
    "type filter hook prerouting priority mangle",
    // A set must not be empty.
    ...(names.length === 0 ? [] : [rule("ip"), rule("ip6")]),
    "}",
    "}",
    "",
  ].join("\n");
}

export async function buildClusterNetwork(lab: Lab, plan: ClusterPlan): Promise<ClusterNetwork> {
  const router = await lab.namespace("router", { forwarding: true });
  const wire = await lab.namespace("wire");
  await wire.ip(`link add bridge mtu ${WIRE_MTU} type bridge stp_state 0`, "link set bridge up");
  const several = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const clients: Namespace[] = [];
  for (const i of several(plan.clients ?? 1)) clients.push(await addHost(lab, router, `client${i}`, clientAddress(i)));
  const servers: Namespace[] = [];
  for (const i of several(plan.servers ?? 2)) servers.push(await addHost(lab, router, `server${i}`, serverAddress(i)));

  const tenantHosts: TenantHost[] = [];
  for (const tenant of plan.tenants ?? [])
    for (const host of tenant.hosts)
      tenantHosts.push(await addTenantHost(lab, router, tenant, host, tenantHosts.length + 1));

  let id = 0;
  const forwarders: MemberPlace[] = [];
  for (const i of several(plan.forwarders)) {
    id += 1;
    const member = await addMember(lab, wire, id, `forwarder${i}`, true);
    const { ends } = await lab.connect(
      { namespace: member.namespace, interface: "front", addresses: [`10.9.${i}.2/24`, `2001:db8:9:${i}::2/64`] },
      { namespace: router, interface: `to${i}`, addresses: [`10.9.${i}.1/24`, `2001:db8:9:${i}::1/64`], passXdp: true },
      { staticNeighbours: true },
    );
    const restore = [...member.restore, ...frontLines(...ends)];
    await member.namespace.ip(...restore);
    const table = FIRST_TABLE + i - 1;
    await router.ip(
      `route replace default via 10.9.${i}.2 table ${table}`,
      `rule add fwmark ${table} lookup ${table}`,
      `route replace ::/0 via 2001:db8:9:${i}::2 table ${table}`,
    );
    // A batch takes rules of IPv4 alone.
    await router.run("ip", ["-6", "rule", "add", "fwmark", `${table}`, "lookup", `${table}`]);
    forwarders.push({ ...member, front: ends[0], gateway: ends[1].mac, restore });
  }
  const chains: MemberPlace[][] = [];
  for (const [c, length] of plan.chains.entries()) {
    const chain: MemberPlace[] = [];
    for (const k of several(length)) {
      id += 1;
      chain.push({ ...(await addMember(lab, wire, id, `table${c + 1}-${k}`, false)), front: null, gateway: null });
    }
    chains.push(chain);
  }
  const names = [...clients, ...servers, ...tenantHosts].map(({ name }) => name);
  const spread: ClusterNetwork["spread"] = async (over, how = plan.spread ?? "packets") => {
    await router.run("nft", ["-f", "-"], { input: spreadRules(how, over, names) });
  };
  await spread(forwarders.map((_, place) => place));
  return { router, clients, servers, tenantHosts, forwarders, chains, spread };
}
