/**
 * Tenants of a cluster: hosts behind the router, in networks of their own by VXLAN devices of the kernel's. All of their tunnels lead
 * to one address, which every forwarder has: the router spreads what is sent there, as everything else. Two tenants may
 * have equal addresses.
 */
import type { Networks } from "../../node/networks.ts";
import type { Lab } from "../lab.ts";
import type { Namespace } from "../namespace.ts";
import type { MemberPlace } from "./topology.ts";

export interface TenantMachine {
  /** Its namespace's name. */
  readonly name: string;
  /** IPv4, in the tenant's network; its prefix has 24 bits. */
  readonly address: string;
  /** Its address of the other family; its prefix has 64 bits. None unless told. */
  readonly ipv6?: string | undefined;
  /** Whether it answers HTTP at port 80, with its name: no unless told. */
  readonly web?: boolean | undefined;
}

export interface Tenant {
  /** The network, 1 to 2^24 - 1. */
  readonly vni: number;
  /** Default router of all of its hosts, which forwarders answer for. */
  readonly router: string;
  /** The same for those that have an address of IPv6. */
  readonly ipv6Router?: string | undefined;
  readonly hosts: readonly TenantMachine[];
}

export interface TenantHost {
  readonly name: string;
  readonly namespace: Namespace;
  readonly vni: number;
  readonly addresses: readonly string[];
  /** In the provider's network. */
  readonly remote: string;
  /** Inside the tunnel. */
  readonly mac: string;
  readonly web: boolean;
}

/** Where tunnels of hosts lead to. */
const TUNNEL = "10.3.0.1";
const GATEWAY_MAC = "02:99:00:00:00:01";
/** What VXLAN leaves of the provider's 1500 bytes. */
const INNER_MTU = 1450;

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

const given = (...addresses: readonly (string | undefined)[]): readonly string[] =>
  addresses.filter((address) => address !== undefined);

/** `place` counts all hosts of all tenants, from 1 on. */
export async function addTenantHost(
  lab: Lab,
  router: Namespace,
  tenant: Tenant,
  { name, address, ipv6, web }: TenantMachine,
  place: number,
): Promise<TenantHost> {
  const namespace = await lab.namespace(name);
  // 250 of a prefix of 16 bits, the next ones of the next.
  const net = `10.${4 + Math.floor(place / 250)}.${place % 250}`;
  const remote = `${net}.1`;
  const mac = `02:0a:00:00:${hex(place >> 8)}:${hex(place & 255)}`;
  await lab.connect(
    { namespace: router, interface: name, addresses: [`${net}.254/24`] },
    { namespace, interface: "net", addresses: [`${remote}/24`] },
    { staticNeighbours: true },
  );
  const way = `local ${remote} remote ${TUNNEL}`;
  await namespace.ip(
    `route add ${TUNNEL} via ${net}.254`,
    `link add vx address ${mac} mtu ${INNER_MTU} type vxlan id ${tenant.vni} ${way} dstport 4789 nolearning`,
    "link set vx up",
    `address add ${address}/24 dev vx`,
    // The router need be in no subnet of the host's.
    `route add default via ${tenant.router} dev vx onlink`,
    ...(ipv6 === undefined ? [] : [`address add ${ipv6}/64 dev vx nodad`]),
    ...(ipv6 === undefined || tenant.ipv6Router === undefined
      ? []
      : [`route add ::/0 via ${tenant.ipv6Router} dev vx onlink`]),
  );
  await namespace.run("ethtool", ["-K", "vx", "tx", "off", "tso", "off", "gso", "off", "gro", "off"]);
  return { name, namespace, vni: tenant.vni, addresses: given(address, ipv6), remote, mac, web: web === true };
}

/**
 * What a member is told of its networks. Flow-table nodes deliver nothing to hosts, but decide where to, and so know of them; by their
 * only interface.
 */
export function networksOf(
  { address, wire, front, gateway }: MemberPlace,
  tenants: readonly Tenant[],
  hosts: readonly TenantHost[],
): Networks {
  if (tenants.length === 0) return { tunnels: [address] };
  const way = { interface: front === null ? "wire" : "front", source: front?.mac ?? wire.mac };
  const routers = tenants.flatMap(({ vni, router, ipv6Router }) =>
    given(router, ipv6Router).map((address) => ({ vni, address })),
  );
  return {
    tunnels: front === null ? [address] : [address, TUNNEL],
    endpoints: hosts.flatMap((host) =>
      host.addresses.map((inside) => ({
        vni: host.vni,
        address: inside,
        kind: "vxlan" as const,
        local: TUNNEL,
        remote: host.remote,
        mac: host.mac,
        gatewayMac: GATEWAY_MAC,
        ...way,
        destination: gateway ?? wire.mac,
      })),
    ),
    entrances: routers.map((one) => ({ ...one, mac: GATEWAY_MAC, router: true })),
    addresses: routers,
  };
}
