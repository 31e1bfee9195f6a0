/**
 * Port pools: external addresses with a range of ports each, IPv4 before IPv6, and static forwards. Which port a flow is
 * given is settled where its decision is committed; here stands what may be given.
 */

import { type Endpoint, endpoint, type PortPool } from "zeta";
import {
  type address,
  address as addressLayout,
  map,
  struct,
  type u8 as U8,
  type u16 as U16,
  type u32 as U32,
  u8,
  u16,
  u32,
  u64,
} from "zeta/bpf";

/** An external address, and the first and last of its ports. */
export const poolRange = struct({ address: addressLayout, first: u16, last: u16 });
const ports = struct({ first: u16, last: u16 });
/** One end of a static forward. */
const forwardKey = struct({ address: addressLayout, port: u16, protocol: u8 });

export interface PoolRange {
  readonly address: address;
  readonly first: U16;
  readonly last: U16;
}

/** A pool as the commit of a decision sees it. */
export interface OpenPool extends PortPool {
  /** Its number among the service's pools, as `Outcome` names it. */
  readonly pool: U32;
  /** A port is bound to one destination; otherwise to the inside endpoint alone. */
  readonly perDestination: boolean;
  /** How many addresses of a family there are. */
  readonly count: (ofIpv4: boolean) => U32;
  /** The address that a hash stands for (the hash of an inside address: one host, one external address); null: none of the family. */
  readonly pick: (hash: U32, ofIpv4: boolean) => Readonly<PoolRange> | null;
  /** The ports of an external address that may be given; null when the address is not the pool's. */
  readonly portsOf: (of: address) => { readonly first: U16; readonly last: U16 } | null;
  /** Whom a static forward gives an external address and port to. Such ports are given to nobody else. */
  readonly inside: (external: address, port: U16, protocol: U8) => Readonly<Endpoint> | null;
  /** What a static forward has an inside endpoint's own flows come from. */
  readonly external: (inside: address, port: U16, protocol: U8) => Readonly<Endpoint> | null;
}

export const openPortPool = (
  name: string,
  index: U32,
  perDestination: boolean,
  max: U32,
  forwards: U32,
  counts: { readonly ipv4: U32; readonly ipv6: U32 },
  slot: U32,
): OpenPool => {
  const ranges = map.arrayOfMaps({
    name,
    of: map.array({ name: `${name}_one`, value: poolRange, max }),
    max: 2,
  });
  const owned = map.arrayOfMaps({
    name: `${name}_ports`,
    of: map.hash({ name: `${name}_ports_one`, key: addressLayout, value: ports, max }),
    max: 2,
  });
  const inward = map.arrayOfMaps({
    name: `${name}_inward`,
    of: map.hash({ name: `${name}_inward_one`, key: forwardKey, value: endpoint, max: forwards }),
    max: 2,
  });
  const outward = map.arrayOfMaps({
    name: `${name}_outward`,
    of: map.hash({ name: `${name}_outward_one`, key: forwardKey, value: endpoint, max: forwards }),
    max: 2,
  });
  const portsOf = (of: address) => {
    const table = owned.get(slot);
    return table === null ? null : table.get(of);
  };
  return {
    pool: index,
    perDestination,
    has: (of: address) => portsOf(of) !== null,
    count: (ofIpv4: boolean) => (ofIpv4 ? counts.ipv4 : counts.ipv6),
    pick(hash: U32, ofIpv4: boolean) {
      const count = ofIpv4 ? counts.ipv4 : counts.ipv6;
      const table = ranges.get(slot);
      if (table === null || count === 0) return null;
      // Scaled, not divided: as even as the remainder, and one multiplication.
      return table.at((ofIpv4 ? 0 : counts.ipv4) + u32((u64(hash) * u64(count)) >> 32n));
    },
    portsOf,
    inside(external: address, port: U16, protocol: U8) {
      const table = inward.get(slot);
      return table === null ? null : table.get({ address: external, port, protocol });
    },
    external(inside: address, port: U16, protocol: U8) {
      const table = outward.get(slot);
      return table === null ? null : table.get({ address: inside, port, protocol });
    },
  } as unknown as OpenPool;
};
