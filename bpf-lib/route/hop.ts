/**
 * Where packets leave to, by number. A flow's entry holds the number of its hop; what stands there may change under it, so
 * that a moved endpoint or a neighbour with a new MAC is followed by all flows at once.
 *
 * Slots 1 to `FIRST_ENDPOINT` - 1 are neighbours, entered by the data plane as routes lead to them; the others belong to
 * endpoints, and user space fills them.
 */
import {
  type mac as Mac,
  mac,
  map,
  type Of,
  spinLock,
  struct,
  u32 as toU32,
  u8,
  u16,
  u32,
  u64,
  withLock,
} from "zeta/bpf";
import { tunnelHeaders } from "../overlay/hop.ts";

export const HopKind = { Free: 0, Neighbour: 1, Station: 2, Tunnel: 3 } as const;

/** 128 bytes, two cache lines. */
export const hopRecord = struct({
  lock: spinLock,
  /** The network that its packets and their replies belong to; 0 outside overlays. */
  vni: u32,
  interface: u32,
  /** Of `HopKind`. */
  kind: u8,
  /** Of a tunnel: 4 or 6, that of its outer header. */
  family: u8,
  /** The longest IP packet that it takes, in bytes; 0 when that is not known. */
  mtu: u16,
  /** Of a neighbour: in ticks, until when its MAC address is trusted. */
  until: u64,
  /** MAC addresses that its packets have; of a tunnel, those inside: the endpoint's, and the gateway's. */
  destination: mac,
  source: mac,
  /** Of a tunnel: what is put before its packets. */
  ...tunnelHeaders,
});
export type Hop = Of<typeof hopRecord>;

export const MOST_HOPS = 65_536;
export const FIRST_ENDPOINT = 4096;
export const zeta_node_hops = map.array({ value: hopRecord, max: MOST_HOPS });

/** How long a neighbour is trusted, in ticks: one second at the slowest tick rate (100 Hz). */
export const TRUSTED_TICKS = 100n;
/** Entries note when they asked for their route in 256ths of a time of so many ticks, as a power of two. */
export const ROUTED_SHIFT = 7n;
/** How many of these a flow trusts its route for: a second to four, by tick rate. A million flows ask. */
export const TRUSTED_ROUTES = 8;
/** After so many ticks a neighbour that nobody renewed is in no flow's use: each would have asked again. */
const FORGOTTEN_TICKS = TRUSTED_TICKS + 2048n;
const PROBES = 4;
const MULTIPLIER = 0x9e37_79b9_7f4a_7c15n;

interface Found {
  readonly interface: u32;
  readonly destination: Mac;
  readonly source: Mac;
  readonly mtu: u16;
}

/** Whether a slot is the neighbour's, and trusted for half of the time that it is given. */
const isFresh = (hop: Hop, { interface: leaves, destination, source, mtu }: Found, now: u64): boolean =>
  hop.kind === HopKind.Neighbour &&
  hop.destination === destination &&
  hop.interface === leaves &&
  hop.source === source &&
  hop.mtu === mtu &&
  hop.until > now + TRUSTED_TICKS / 2n;

/** The slot of a neighbour, entered when it is new; 0 when all places that it could have are taken. */
export const neighbourSlot = (found: Found, now: u64): u32 => {
  const mixed: u64 = (u64(found.destination) ^ (u64(found.interface) << 48n)) * MULTIPLIER;
  let slot: u32 = 0;
  for (let i = 0; i < PROBES; i++) {
    const at: u32 = ((toU32(mixed >> 40n) + i) & (FIRST_ENDPOINT - 2)) + 1;
    const hop = zeta_node_hops.at(at);
    if (hop === null) break;
    // Nothing to write: a neighbour keeps its slot for long after its trust ends, so that nobody else may take it meanwhile.
    if (isFresh(hop, found, now)) {
      slot = at;
      break;
    }
    let mine = false;
    // Two CPUs may enter neighbours at once; a slot is one neighbour's as long as flows may use it.
    withLock(hop.lock, () => {
      const taken = hop.kind === HopKind.Neighbour && hop.until + FORGOTTEN_TICKS > now;
      mine = !taken || (hop.destination === found.destination && hop.interface === found.interface);
      if (mine) {
        hop.interface = found.interface;
        hop.destination = found.destination;
        hop.source = found.source;
        hop.mtu = found.mtu;
        hop.vni = 0;
        hop.until = now + TRUSTED_TICKS;
        hop.kind = HopKind.Neighbour;
      }
    });
    if (mine) {
      slot = at;
      break;
    }
  }
  return slot;
};

/** The network that a hop leads into, and that replies come from: an endpoint's, or the provider's. */
export const networkOf = (slot: u32): u32 => (slot < FIRST_ENDPOINT ? 0 : (zeta_node_hops.at(slot)?.vni ?? 0));
