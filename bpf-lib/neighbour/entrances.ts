/** Entrances: addresses that clients of the cluster send to, and the MAC address that answers for each. */
import { type address as Address, address, bool, type Frame, mac, map, struct, type u32 as U32, u32 } from "zeta/bpf";
import { endpointAt } from "../route/endpoints.ts";
import { HopKind, zeta_node_hops } from "../route/hop.ts";

/** `vni`: its network; 0 outside overlays, where `interface` says by which it is answered: 0 for all. */
export const entranceKey = struct({ address, interface: u32, vni: u32 });
/** `router`: what advertisements say of us. A host drops a default router that ceases to call itself one (RFC 4861 section 7.2.5). */
export const entrance = struct({ mac, router: bool });
export const zeta_node_entrances = map.hash({ key: entranceKey, value: entrance, max: 4096 });

/** Who answers for an address. */
export interface Answerer {
  /** Zero: nobody. */
  readonly mac: mac;
  readonly router: boolean;
  /** The MAC address of the station that has the address, when we answer in its stead; zero for our own. */
  readonly instead: mac;
}
export const NOBODY = mac(0n);

/**
 * The entrance for an address: in a network, or on the interface that the packet came in by, or on all. In a network we
 * answer for its endpoints too, with the address that their packets come from: nobody else could, as questions reach us
 * alone, and an endpoint that moves keeps its MAC address as far as its neighbours know.
 */
export const answererFor = (frame: Frame, vni: U32, at: Address): Answerer => {
  const here = vni === 0 ? zeta_node_entrances.get({ address: at, interface: frame.ingressInterface, vni }) : null;
  const own = here ?? zeta_node_entrances.get({ address: at, interface: 0, vni });
  if (own !== null) return { mac: own.mac, router: own.router, instead: NOBODY };
  const slot = vni === 0 ? 0 : endpointAt(at, vni);
  const hop = zeta_node_hops.at(slot);
  if (slot === 0 || hop === null || hop.kind !== HopKind.Tunnel) return { mac: NOBODY, router: false, instead: NOBODY };
  return { mac: hop.source, router: false, instead: hop.destination };
};
