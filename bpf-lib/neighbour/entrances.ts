/** Entrances: addresses that clients of the cluster send to, and the MAC address that answers for each. */
import { address, bool, type Frame, mac, map, type Of, struct, u32 } from "zeta/bpf";

/** `interface`: where it is answered; 0 for all. */
export const entranceKey = struct({ address, interface: u32 });
/** `router`: what advertisements say of us. A host drops a default router that ceases to call itself one (RFC 4861 section 7.2.5). */
export const entrance = struct({ mac, router: bool });
export const zeta_node_entrances = map.hash({ key: entranceKey, value: entrance, max: 4096 });

/** The entrance for an address on the interface that the packet came in by, or on all. */
export const entranceAt = (frame: Frame, at: address): Of<typeof entrance> | null =>
  zeta_node_entrances.get({ address: at, interface: frame.ingressInterface }) ??
  zeta_node_entrances.get({ address: at, interface: 0 });
