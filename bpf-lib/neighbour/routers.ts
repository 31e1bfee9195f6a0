/** Routers: what hosts are told that ask who leads off their link. All of a message lies ready (runtime/overlay/advertisement.ts). */
import { address, array, type Frame, mac, map, type Of, struct, u8, u16, u32, u64 } from "zeta/bpf";

/** Of a message, in units of eight bytes: its head, two options of the link, and three prefixes. */
export const MOST_SAID = 16;

/** `interface`: by which it is asked outside overlays, 0 for all. */
export const routerKey = struct({ interface: u32, vni: u32 });
export const routerRecord = struct({
  /** Link-local, as hosts ask of a router's (RFC 4861 section 6.1.2). */
  address,
  /** The message as it lies in packets, without its checksum. */
  words: array(u64, MOST_SAID),
  mac,
  /** How many of these it has. */
  units: u8,
  /** Of the message, and of the pseudo-header but for the destination: folded, in memory order. */
  sum: u16,
});
export type Router = Of<typeof routerRecord>;
/** Twice as many as may be told: new ones are written before old ones go. */
export const zeta_node_routers = map.hash({ key: routerKey, value: routerRecord, max: 2048 });

/** Of a network, or of the interface that the packet came in by, or of all. */
export const routerFor = (frame: Frame, vni: u32): Router | null => {
  const here = vni === 0 ? zeta_node_routers.get({ interface: frame.ingressInterface, vni }) : null;
  return here ?? zeta_node_routers.get({ interface: 0, vni });
};
