/** Hosts of tenants behind the Linux kernel's own VXLAN devices, each by a cable of its own to the node. */
import type { RemoteEndpoint } from "../../runtime/index.ts";
import type { Lab, LinkEnd, Namespace } from "../../runtime/lab/index.ts";

export const GATEWAY_MAC = "02:99:00:00:00:01";
const OUTER = 50;

export interface TenantHost {
  readonly vni: number;
  /** In its network. */
  readonly address: string;
  readonly namespace: Namespace;
  readonly end: LinkEnd;
  /** The node's end of the cable, and its number. */
  readonly near: LinkEnd;
  readonly index: number;
  readonly place: number;
  /** The node's end of its tunnel. */
  readonly tunnel: string;
}

/** An address of the underlay: 1 is the node, 2 the host. */
export const under = (place: number, host: number): string => `192.0.${place}.${host}`;
const stationOf = (place: number): string => `02:0a:00:00:00:0${place}`;

export interface HostOptions {
  readonly vni: number;
  readonly name: string;
  readonly address: string;
  /** Its default router, in its network. */
  readonly router: string;
  /** 1 to 9: which cable. */
  readonly place: number;
  /** The node's address that its tunnel leads to: that at its cable unless told. A node has no more than four. */
  readonly tunnel?: string;
}

export async function addTenantHost(lab: Lab, gateway: Namespace, options: HostOptions): Promise<TenantHost> {
  const { vni, name, address, router, place, tunnel = under(place, 1) } = options;
  const namespace = await lab.namespace(name);
  const { ends } = await lab.connect(
    { namespace, interface: "net", addresses: [`${under(place, 2)}/24`], passXdp: true },
    { namespace: gateway, interface: `to${place}`, addresses: [`${under(place, 1)}/24`] },
    { mtu: 1500 + OUTER + 150, staticNeighbours: true },
  );
  const [end, near] = ends;
  const { stdout } = await gateway.run("ip", ["-json", "link", "show", "dev", `to${place}`]);
  const [{ ifindex }] = JSON.parse(stdout) as [{ ifindex: number }];
  if (tunnel !== under(place, 1)) await namespace.ip(`route add ${tunnel} via ${under(place, 1)}`);
  const way = `local ${under(place, 2)} remote ${tunnel}`;
  await namespace.ip(
    `link add vx address ${stationOf(place)} mtu 1500 type vxlan id ${vni} ${way} dstport 4789 nolearning`,
    "link set vx up",
    `address add ${address}/24 dev vx`,
    `route add default via ${router} dev vx`,
  );
  await namespace.run("ethtool", ["-K", "vx", "tx", "off", "tso", "off", "gso", "off", "gro", "off"]);
  return { vni, address, namespace, end, near, index: ifindex, place, tunnel };
}

/** The host as its node is told of it. @param mtu the underlay's */
export const tenantEndpoint = (host: TenantHost, mtu: number): RemoteEndpoint => ({
  vni: host.vni,
  address: host.address,
  kind: "vxlan",
  local: host.tunnel,
  remote: under(host.place, 2),
  mac: stationOf(host.place),
  gatewayMac: GATEWAY_MAC,
  interface: host.index,
  source: host.near.mac,
  destination: host.end.mac,
  mtu,
});
