/** After a service has decided by a pool: whose port it is, or which port the flow leaves with. Then it is committed. */
import { Action, isIpv4, program, u16, type u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { externalOf, holderOf, portFor } from "../flow/mapping.ts";
import { type Family, Fresh } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { endsWithPort, type Parts } from "../packet/open.ts";
import type { Call } from "./call.ts";
import { because } from "./drops.ts";
import { refused, withPacketOfFamily } from "./stage.ts";
import { enterCommit, Stage, zeta_node_stages } from "./stages.ts";

/** `rewrite({ destination: pool })`: to whoever holds the external port. */
const findHolder = (parts: Parts, family: Family, call: Call, now: u32): boolean => {
  const external = { address: call.destination, port: call.destinationPort };
  const holder = holderOf(family, external, parts.protocol, now);
  if (holder === null) return false;
  call.destination = holder.address;
  call.destinationPort = holder.port;
  return true;
};

/** `rewrite({ source: pool })`: a port of the address that was picked. */
const takePort = (parts: Parts, family: Family, call: Call, now: u32): boolean => {
  const range = { address: call.source, first: call.poolFirst, last: call.poolLast };
  const { source, sourcePort, protocol } = parts;
  const { destination, destinationPort } = call;
  if (call.perDestination === 1) {
    const flow = { source, sourcePort, destination, destinationPort };
    call.sourcePort = portFor(family, range, flow, protocol, 0, now);
    call.change &= ~Change.SourcePool;
    return call.sourcePort !== 0;
  }
  const inside = { address: source, port: sourcePort };
  const of = { inside, vni: call.vni, protocol, service: u16(call.service), now };
  const external = externalOf(family, family, range, of);
  call.source = external.address;
  call.sourcePort = external.port;
  if (external.isNew) call.fresh |= (1 << Fresh.Inward) | (1 << Fresh.Outward);
  return external.port !== 0;
};

const settle = (parts: Parts, family: Family, call: Call): Action => {
  const now = spansNow();
  const named = (call.change & Change.DestinationPool) !== 0;
  // Nobody's ports are given to what has none: such packets of two hosts could not be told apart.
  const wanted = (named ? Change.Destination : 0) | ((call.change & Change.SourcePool) !== 0 ? Change.Source : 0);
  if ((wanted & ~endsWithPort(parts)) !== 0) return refused(call, because.portless());
  // Between the families, in a program of its own: IPv6 hosts may have external ports of IPv4.
  if (isIpv4(call.destination) !== family.isIpv4) zeta_node_stages.call(Stage.Pools64);
  if (named && !findHolder(parts, family, call, now)) {
    if (family.isIpv4) zeta_node_stages.call(Stage.Pools64);
    return refused(call, because.nobody());
  }
  if ((call.change & Change.SourcePool) !== 0 && !takePort(parts, family, call, now))
    return refused(call, because.noPort());
  enterCommit(parts.type);
  return Action.Drop;
};

export const zeta_pools = program("zeta_pools", withPacketOfFamily(settle), {
  slot: { table: zeta_node_stages, index: Stage.Pools },
});
