/** After a service has decided by a pool: whose port it is, or which port the flow leaves with. Then it is committed. */
import { Action, isIpv4, program, u16, type u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { anyPort, externalOf, holderOf, type Ports, portFor } from "../flow/mapping.ts";
import { type Family, Fresh } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { endsWithPort, type Parts } from "../packet/open.ts";
import { Ask, type Call, Owned } from "./call.ts";
import { because } from "./drops.ts";
import { enterService, Hook } from "./services.ts";
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

/** What became of the flow's wish for a port; `Asks`: the service is to say whether the one that it has is still the pool's. */
export const Taken = { None: 0, Port: 1, Asks: 2 } as const;

/** `rewrite({ source: pool })`: a port of the address that was picked. */
const takePort = (parts: Parts, family: Family, call: Call, ports: Ports, now: u32): u32 => {
  const range = { address: call.source, first: call.poolFirst, last: call.poolLast };
  const { source, sourcePort, protocol } = parts;
  const { destination, destinationPort } = call;
  if (call.perDestination === 1) {
    const flow = { source, sourcePort, destination, destinationPort };
    call.sourcePort = portFor(family, range, flow, { protocol, vni: 0, now, ports });
    call.change &= ~Change.SourcePool;
    return call.sourcePort === 0 ? Taken.None : Taken.Port;
  }
  const inside = { address: source, port: sourcePort };
  const of = { inside, vni: call.vni, protocol, service: u16(call.service), now, ports };
  const external = externalOf(family, family, range, of, call.owned);
  if (external.asks) {
    call.mapped = external.address;
    call.mappedPort = external.port;
    return Taken.Asks;
  }
  call.source = external.address;
  call.sourcePort = external.port;
  if (external.isNew) call.fresh |= (1 << Fresh.Inward) | (1 << Fresh.Outward);
  return external.port === 0 ? Taken.None : Taken.Port;
};

/** Asks it. Comes back, in `zeta_pools`, with the answer. */
export const askOwned = (call: Call): Action => {
  call.ask = Ask.Owns;
  enterService(call.service, Hook.Decide, call.generation);
  return refused(call, because.gone());
};

/** With these ports to choose from. */
export const settlePools = (parts: Parts, family: Family, call: Call, ports: Ports): Action => {
  const now = spansNow();
  const named = (call.change & Change.DestinationPool) !== 0;
  // Nobody's ports are given to what has none: such packets of two hosts could not be told apart.
  const wanted = (named ? Change.Destination : 0) | ((call.change & Change.SourcePool) !== 0 ? Change.Source : 0);
  if ((wanted & ~endsWithPort(parts)) !== 0) return refused(call, because.portless());
  // Between the families, in a program of its own: IPv6 hosts may have external ports of IPv4.
  if (isIpv4(call.destination) !== family.isIpv4) zeta_node_stages.call(Stage.Pools64);
  // Found before, when the service was asked in between.
  if (named && call.owned === Owned.Unasked && !findHolder(parts, family, call, now)) {
    if (family.isIpv4) zeta_node_stages.call(Stage.Pools64);
    return refused(call, because.nobody());
  }
  if ((call.change & Change.SourcePool) !== 0) {
    const taken = takePort(parts, family, call, ports, now);
    if (taken === Taken.None) return refused(call, because.noPort());
    if (taken === Taken.Asks) return askOwned(call);
  }
  enterCommit(parts.type);
  return Action.Drop;
};

const settle = withPacketOfFamily((parts, family, call) => settlePools(parts, family, call, anyPort));

export const zeta_pools = program("zeta_pools", settle, {
  slot: { table: zeta_node_stages, index: Stage.Pools },
});
