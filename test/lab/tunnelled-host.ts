/** A host that reaches the gateway's node by a cable, and by a tunnel of the Linux kernel's own VXLAN device beside it. */
import type { RemoteEndpoint } from "../../runtime/index.ts";
import { type Built, buildLab, type Namespace } from "../../runtime/lab/index.ts";

/** MAC addresses: of an entrance on the cable, of the gateway in the tunnel, and of the host there. */
export const OURS = "02:99:00:00:00:02";
export const GATEWAY = "02:99:00:00:00:01";
export const STATION = "02:0a:00:00:00:07";
export const VNI = 77;
/** Of the tunnel's outer packets, which the hosts' and the gateway's stack know. */
const HOST = "198.51.100.2";
export const NODE = "198.51.100.1";

export interface TunnelledHost {
  readonly host: Namespace;
  readonly gateway: Namespace;
  readonly endpoint: Omit<RemoteEndpoint, "address" | "mac">;
}

/** The cable's ends are `net` and `cable`; the host's end of the tunnel is `vx`, which is down. */
export const tunnelledHost = (addresses: readonly string[] = []): Promise<Built<TunnelledHost>> =>
  buildLab(async (lab) => {
    const gateway = await lab.namespace("gateway");
    const host = await lab.namespace("host");
    const { ends } = await lab.connect(
      { namespace: host, interface: "net", addresses: [`${HOST}/24`, ...addresses], passXdp: true },
      { namespace: gateway, interface: "cable", addresses: [`${NODE}/24`] },
      { mtu: 1700 },
    );
    await host.ip(
      `link add vx address ${STATION} mtu 1500 type vxlan id ${VNI} local ${HOST} remote ${NODE} dstport 4789 nolearning`,
    );
    const { stdout } = await gateway.run("ip", ["-json", "link", "show", "dev", "cable"]);
    const [{ ifindex }] = JSON.parse(stdout) as [{ ifindex: number }];
    const stations = { source: ends[1].mac, destination: ends[0].mac, gatewayMac: GATEWAY };
    const tunnel = { vni: VNI, kind: "vxlan", local: NODE, remote: HOST, interface: ifindex } as const;
    return { host, gateway, endpoint: { ...tunnel, ...stations } };
  });
