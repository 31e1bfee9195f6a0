/**
 * External ports (RFC 4787): which one a flow leaves with. Two kinds of mapping:
 * - "per-endpoint": an inside address and port has one external address and port, whoever it talks to. Both stand in the flow
 *   table, under keys with an open end: from the inside endpoint to anybody, and from anybody to the external one. So they
 *   are unique, expire and are found as flows are. No packet has such keys. They outlive every flow that uses them.
 * - "per-destination": a port is bound to one remote endpoint; nothing but the flow's reverse key holds it.
 *
 * An IPv6 host's port may have an external one of IPv4 (RFC 6146): the two halves then stand across the families (across.ts).
 *
 * Candidates are computed from the flow, beginning with its own port; after `PROBES` of them the pool counts as exhausted.
 */
import { address, atomic, i32, u32 as toU32, u8, u16, type u32 } from "zeta/bpf";
import { Owned } from "../node/call.ts";
import { endsAcross, newMark, partnerOf, protocolIn } from "./across.ts";
import type { FlowEnds } from "./ends.ts";
import { turned } from "./ends.ts";
import { Change } from "./entry.ts";
import { hashFlow } from "./hash.ts";
import { FlowState, idleOf, stateOf } from "./state.ts";
import { type Entry, type Family, Fresh, ipv4Family, ipv6Family, isAcross } from "./table.ts";

const PROBES = 64;
export interface PoolRange {
  readonly address: address;
  readonly first: u16;
  readonly last: u16;
}

export interface Endpoint {
  readonly address: address;
  readonly port: u16;
}

const NOWHERE = address(0n);
const NONE: Endpoint = { address: NOWHERE, port: u16(0) };
/**
 * The open end of a mapping's key, and the bit that its protocol number has besides: packets of such protocols have no
 * ports, so that none is ever taken for a mapping's, whatever addresses it claims.
 */
const ANYBODY: Endpoint = { address: NOWHERE, port: u16(1) };
const MAPPING = 0x80;
const mapped = (protocol: u8): u8 => u8(protocol | MAPPING);

/** From an inside endpoint to anybody. */
const outward = (inside: Endpoint): FlowEnds => ({
  source: inside.address,
  sourcePort: inside.port,
  destination: ANYBODY.address,
  destinationPort: ANYBODY.port,
});
/** From anybody to an external endpoint. */
const inward = (external: Endpoint): FlowEnds => turned(outward(external));
const outwardKey = (family: Family, inside: Endpoint, vni: u32, protocol: u8) =>
  family.keyOfEnds(outward(inside), vni, mapped(protocol));
const inwardKey = (family: Family, external: Endpoint, protocol: u8) =>
  family.keyOfEnds(inward(external), 0, mapped(protocol));

/** Spans that either half of a mapping outlives its flows; the inward one, which holds the port, outlives the other. */
const LONGER = { outward: 2, inward: 4 } as const;
const prolong = (way: Entry, until: u32): void => {
  if (i32(until - way.until) > 0) way.until = until;
};

/** Which ports of a range a flow may try, by a number below `PROBES`; 0 for none. */
export type Ports = (range: PoolRange, own: u16, hash: u32) => (n: u32) => u16;

/** On a node by itself: its own, then others, all different. */
export const anyPort: Ports = (range, own, hash) => {
  const span: u32 = toU32(range.last) - range.first + 1;
  return (n) => {
    if (n === 0 && own >= range.first && own <= range.last) return own;
    return u16(range.first + ((hash + n) % span));
  };
};

/** A port whose key `taken` does not find in use; 0 when all that were tried are. */
const freePort = (ports: Ports, range: PoolRange, own: u16, hash: u32, taken: (port: u16) => boolean): u16 => {
  const nth = ports(range, own, hash);
  let found: u32 = 0;
  for (let n = 0; n < PROBES; n++) {
    const port = nth(n);
    if (port !== 0 && !taken(port)) {
      found = port;
      break;
    }
  }
  return u16(found);
};

interface Mapping {
  readonly inside: Endpoint;
  /** The network of the inside endpoint. */
  readonly vni: u32;
  readonly protocol: u8;
  readonly service: u16;
  readonly now: u32;
  readonly ports: Ports;
}

/** What a mapping gives; or, with `asks`, what it would give if its service's pools still have it. */
interface Given extends Endpoint {
  readonly isNew: boolean;
  readonly asks: boolean;
}

/** Whether an external endpoint is of a range: nobody need be asked then. */
const isOf = ({ address: of, first, last }: PoolRange, { address: at, port }: Endpoint): boolean =>
  at === of && port >= first && port <= last;

/** Whom an external endpoint belongs to; null when nobody has it. An IPv6 host that has an IPv4 one is no host of the family. */
export const holderOf = (family: Family, external: Endpoint, protocol: u8, now: u32): Endpoint | null => {
  const found = family.find(inwardKey(family, external, protocol), now);
  if (found.way === null || isAcross(found.way)) return null;
  const { destination, destinationPort } = family.endsOf(found.way);
  return family.stands(found) ? { address: destination, port: destinationPort } : null;
};

/** The IPv6 host's that an external IPv4 endpoint belongs to. */
export const holderAcross = (external: Endpoint, protocol: u8, now: u32): Endpoint | null => {
  const found = ipv4Family.find(inwardKey(ipv4Family, external, protocol), now);
  if (found.way === null || !isAcross(found.way)) return null;
  const inside = partnerOf(ipv4Family, found.way, found.index, now);
  if (inside.way === null) return null;
  const { destination, destinationPort } = endsAcross(ipv4Family, found.way, inside.way);
  return ipv4Family.stands(found) && ipv6Family.stands(inside) ? { address: destination, port: destinationPort } : null;
};

/** Prepares both halves of a mapping to be entered. */
export const prepareMapping = (
  family: Family,
  outside: Family,
  external: Endpoint,
  { inside, vni, protocol, service }: Pick<Mapping, "inside" | "vni" | "protocol" | "service">,
): void => {
  const across = family.isIpv4 !== outside.isIpv4;
  const idle = idleOf(protocol, stateOf(protocol));
  const half = { state: FlowState.Datagrams, service, generation: 0, hop: 0 };
  const rest = across ? { ...half, mark: newMark() } : half;
  const kind = across ? Change.Across : 0;
  const from = { ...rest, idle: idle + LONGER.inward, change: Change.Destination | kind };
  const key = inwardKey(outside, external, across ? protocolIn(outside, protocol) : protocol);
  outside.prepare(Fresh.Inward, key, turned(outward(inside)), from);
  const to = { ...outward(inside), source: external.address, sourcePort: external.port };
  const change = Change.Source | kind;
  const own = outwardKey(family, inside, vni, protocol);
  family.prepare(Fresh.Outward, own, to, { ...rest, idle: idle + LONGER.outward, change });
};

/** Whether an inside endpoint has an external one of the family. */
export const isMapped = (family: Family, inside: Endpoint, vni: u32, protocol: u8, now: u32): boolean =>
  family.has(outwardKey(family, inside, vni, protocol), now);

/**
 * The external endpoint of an inside one: as it was, and kept for the flow that is about to use it, or prepared to be
 * entered now; port 0 when the pool has none left. One that its service's pools have no more (`owned`) is over with this.
 */
export const externalOf = (family: Family, outside: Family, range: PoolRange, of: Mapping, owned: u32): Given => {
  const { inside, vni, protocol, now, ports } = of;
  const across = family.isIpv4 !== outside.isIpv4;
  const protocolOutside = across ? protocolIn(outside, protocol) : protocol;
  const key = outwardKey(family, inside, vni, protocol);
  const idle = idleOf(protocol, stateOf(protocol));
  const known = family.find(key, now);
  if (known.way !== null) {
    const { source, sourcePort } = family.endsOf(known.way);
    const back = across
      ? partnerOf(family, known.way, known.index, now)
      : family.find(inwardKey(family, { address: source, port: sourcePort }, protocol), now);
    if (back.way !== null && family.stands(known)) {
      const given = { address: source, port: sourcePort };
      const sure = owned === Owned.Yes || known.way.service !== of.service || isOf(range, given);
      if (sure) {
        prolong(back.way, now + idle + LONGER.inward);
        prolong(known.way, now + idle + LONGER.outward);
      }
      if (sure || owned === Owned.Unasked) return { ...given, isNew: false, asks: !sure };
      known.way.until = 0;
      back.way.until = 0;
    }
  }
  const hash = hashFlow(inside.address, range.address, inside.port, 0, protocol);
  const at = (port: u16) => inwardKey(outside, { address: range.address, port }, protocolOutside);
  const port = freePort(ports, range, inside.port, hash, (one) => outside.has(at(one), now));
  if (port === 0) return { ...NONE, isNew: false, asks: false };
  const external = { address: range.address, port };
  prepareMapping(family, outside, external, of);
  return { ...external, isNew: true, asks: false };
};

/**
 * A port whose reverse key towards one remote endpoint, of the family, is free; 0 when there is none. The flow's own source
 * may be of the other family.
 */
export const portFor = (
  family: Family,
  range: PoolRange,
  flow: FlowEnds,
  { protocol, vni, now, ports }: Pick<Mapping, "protocol" | "vni" | "now" | "ports">,
): u16 => {
  const { source, destination, sourcePort, destinationPort } = flow;
  const hash = hashFlow(source, destination, sourcePort, destinationPort, protocol);
  return freePort(ports, range, sourcePort, hash, (port) => {
    const back = turned({ ...flow, source: range.address, sourcePort: port });
    return family.has(family.keyOfEnds(back, vni, protocol), now);
  });
};

/** What a flow's packet makes of its mapping: the flow lives until then, and has gone from one state to another. */
export interface Use {
  readonly was: u32;
  readonly state: u32;
  readonly until: u32;
}

/**
 * Keeps a mapping alive as long as a flow uses it. It counts the connections that stand, where a flow has its config's
 * generation: when the last one ends, the port is not kept for the hours that a connection may idle. One that ends unseen
 * is never counted off; the port then waits as long as it would have.
 */
export const keepMapping = (
  family: Family,
  inside: Endpoint,
  external: Endpoint,
  vni: u32,
  protocol: u8,
  use: Use,
  now: u32,
): void => {
  const out = family.find(outwardKey(family, inside, vni, protocol), now).way;
  const back = family.find(inwardKey(family, external, protocol), now).way;
  if (out !== null && back !== null) keepBoth(out, back, use);
};

/** The same for the mapping of an IPv6 host's port to an external IPv4 one. */
export const keepMappingAcross = (external: Endpoint, protocol: u8, use: Use, now: u32): void => {
  const { way, index } = ipv4Family.find(inwardKey(ipv4Family, external, protocol), now);
  if (way === null || !isAcross(way)) return;
  const out = partnerOf(ipv4Family, way, index, now).way;
  if (out !== null) keepBoth(out, way, use);
};

const keepBoth = (out: Entry, back: Entry, use: Use): void => {
  const stood = use.was === FlowState.Established;
  const stands = use.state === FlowState.Established;
  if (stands && !stood) atomic.add(out, "generation", 1);
  if (stood && !stands && out.generation !== 0 && atomic.add(out, "generation", 0xffff_ffff) === 1) {
    out.until = use.until + LONGER.outward;
    back.until = use.until + LONGER.inward;
  } else {
    prolong(back, use.until + LONGER.inward);
    prolong(out, use.until + LONGER.outward);
  }
};
