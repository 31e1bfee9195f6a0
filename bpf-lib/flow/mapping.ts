/**
 * External ports (RFC 4787): which one a flow leaves with. Two kinds of mapping:
 * - "per-endpoint": an inside address and port has one external address and port, whoever it talks to. Both stand in the flow
 *   table, under keys with an open end: from the inside endpoint to anybody, and from anybody to the external one. So they
 *   are unique, expire and are found as flows are.
 * - "per-destination": a port is bound to one remote endpoint; nothing but the flow's reverse key holds it.
 *
 * Candidates are computed from the flow, beginning with its own port; after `PROBES` of them the pool counts as exhausted.
 */
import { address, u32 as toU32, type u8, u16, type u32 } from "zeta/bpf";
import type { FlowEnds } from "./ends.ts";
import { turned } from "./ends.ts";
import { Change } from "./entry.ts";
import { hashFlow } from "./hash.ts";
import { FlowState, idleOf } from "./state.ts";
import { type Family, Fresh } from "./table.ts";

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

/** Port 0 is nobody's. */
const NOBODY: Endpoint = { address: address(0n), port: u16(0) };

/** From an inside endpoint to anybody. */
const outward = (inside: Endpoint): FlowEnds => ({
  source: inside.address,
  sourcePort: inside.port,
  destination: NOBODY.address,
  destinationPort: NOBODY.port,
});
/** From anybody to an external endpoint. */
const inward = (external: Endpoint): FlowEnds => turned(outward(external));

/** The nth port of a range that a flow may try: its own, then others, all different. */
const candidate = (range: PoolRange, own: u16, hash: u32, n: u32): u16 => {
  const span: u32 = toU32(range.last) - range.first + 1;
  if (n === 0 && own >= range.first && own <= range.last) return own;
  return u16(range.first + ((hash + n) % span));
};

/** A port whose key `taken` does not find in use; 0 when all that were tried are. */
const freePort = (range: PoolRange, own: u16, hash: u32, taken: (port: u16) => boolean): u16 => {
  let found: u32 = 0;
  for (let n = 0; n < PROBES; n++) {
    const port = candidate(range, own, hash, n);
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
}

/** What a mapping gives. */
interface Given extends Endpoint {
  readonly isNew: boolean;
}

/** Whom an external endpoint belongs to; `NOBODY` when nobody has it. */
export const holderOf = (family: Family, external: Endpoint, protocol: u8, now: u32): Endpoint => {
  const { way } = family.find(family.keyOfEnds(inward(external), 0, protocol), now);
  if (way === null) return NOBODY;
  const { destination, destinationPort } = family.endsOf(way);
  return { address: destination, port: destinationPort };
};

/** The external endpoint of an inside one: as it was, or prepared to be entered now; port 0 when the pool has none left. */
export const externalOf = (family: Family, range: PoolRange, of: Mapping): Given => {
  const { inside, vni, protocol, now } = of;
  const key = family.keyOfEnds(outward(inside), vni, protocol);
  const known = family.find(key, now);
  if (known.way !== null) {
    const { source, sourcePort } = family.endsOf(known.way);
    return { address: source, port: sourcePort, isNew: false };
  }
  const hash = hashFlow(inside.address, range.address, inside.port, 0, protocol);
  const at = (port: u16) => family.keyOfEnds(inward({ address: range.address, port }), 0, protocol);
  const port = freePort(range, inside.port, hash, (one) => family.has(at(one), now));
  if (port === 0) return { ...NOBODY, isNew: false };
  const external = { address: range.address, port };
  const idle = idleOf(protocol, FlowState.Datagrams);
  const rest = { state: FlowState.Datagrams, idle, service: of.service, generation: 0, hop: 0 };
  family.prepare(Fresh.Inward, at(port), turned(outward(inside)), { ...rest, change: Change.Destination });
  const to = { ...outward(inside), source: external.address, sourcePort: external.port };
  family.prepare(Fresh.Outward, key, to, { ...rest, change: Change.Source });
  return { ...external, isNew: true };
};

/** A port whose reverse key towards one remote endpoint is free; 0 when there is none. */
export const portFor = (family: Family, range: PoolRange, flow: FlowEnds, protocol: u8, vni: u32, now: u32): u16 => {
  const { source, destination, sourcePort, destinationPort } = flow;
  const hash = hashFlow(source, destination, sourcePort, destinationPort, protocol);
  return freePort(range, sourcePort, hash, (port) => {
    const back = turned({ ...flow, source: range.address, sourcePort: port });
    return family.has(family.keyOfEnds(back, vni, protocol), now);
  });
};

/** Keeps a mapping alive as long as a flow uses it. */
export const keepMapping = (
  family: Family,
  inside: Endpoint,
  external: Endpoint,
  vni: u32,
  protocol: u8,
  until: u32,
  now: u32,
): void => {
  const out = family.find(family.keyOfEnds(outward(inside), vni, protocol), now);
  const back = family.find(family.keyOfEnds(inward(external), 0, protocol), now);
  if (out.way !== null && until > out.way.until) out.way.until = until;
  if (back.way !== null && until > back.way.until) back.way.until = until;
};
