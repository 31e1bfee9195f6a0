/** A node in its underlay: its tunnel addresses, and hops into tunnels, as tests put them into maps. */

import { sievePlace } from "../../runtime/node/sieve.ts";
import { outerHeader, type TunnelEnds } from "../../runtime/overlay/outer-header.ts";
import { parseIpv4, parseIpv6 } from "../../sdk/layout/address.ts";
import type { Running } from "../kit/index.ts";

export const OWN4 = "192.0.2.1";
export const OWN6 = "2001:db8:ff::1";
export const PEER4 = "192.0.2.2";
export const PEER6 = "2001:db8:ff::2";

const swapped = (word: number): number => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, word);
  return view.getUint32(0, true);
};

const words6 = (address: string): number[] => {
  const value = parseIpv6(address) as bigint;
  return [96n, 64n, 32n, 0n].map((by) => swapped(Number((value >> by) & 0xffff_ffffn)));
};

const padded = (words: readonly number[], length: number): number[] => Array.from({ length }, (_, i) => words[i] ?? 0);

/** The tunnel addresses of a node, as its map takes them. */
export const tunnelAddresses = (four: readonly string[], six: readonly string[]) => ({
  four: padded(
    four.map((one) => swapped(parseIpv4(one) as number)),
    4,
  ),
  six: padded(six.flatMap(words6), 16),
});

/** Tells the node its tunnel addresses. */
export const listenOn = (running: Running, four: readonly string[], six: readonly string[]): void =>
  running.map("zeta_node_tunnels").set(0, tunnelAddresses(four, six));

/** Makes a service of index 1 take all of a network besides what it takes outside overlays. */
export function listenIn(running: Running, vni: number): void {
  const place = sievePlace(0n, vni);
  const sieve = running.map("zeta_node_sieve");
  sieve.set(place >> 6, (sieve.get(place >> 6) as bigint) | (1n << BigInt(place & 63)));
  running.map("zeta_node_listen").set({ address: "::", vni, port: 0, protocol: 0 }, 0x3_0001);
}

export const STATIONS = {
  outer: { source: "02:aa:00:00:00:01", destination: "02:aa:00:00:00:02" },
  inner: { source: "02:bb:00:00:00:01", destination: "02:bb:00:00:00:02" },
} as const;

/** The endpoint of a tenant's host, as a node is told of it: by a tunnel, with the stations above. */
export const endpointOf = (
  to: { readonly vni: number; readonly address: string; readonly interface: number; readonly mtu: number },
  ends: Omit<TunnelEnds, "outer" | "inner" | "vni">,
) => {
  const { overhead } = outerHeader({ ...ends, ...STATIONS, vni: to.vni });
  const { source: gatewayMac, destination: mac } = STATIONS.inner;
  return { ...ends, ...to, ...STATIONS.outer, mac, gatewayMac, mtu: to.mtu + overhead };
};

/** A hop's map value. */
export function hopOf(ends: Omit<TunnelEnds, "outer" | "inner">, to: { interface?: number; mtu?: number } = {}) {
  const { family, sum, outer, overhead } = outerHeader({ ...ends, ...STATIONS });
  return { interface: to.interface ?? 7, mtu: to.mtu ?? 1600 - overhead, sum, family, outer };
}
