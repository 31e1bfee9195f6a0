/** Pools between the families (RFC 6146): IPv6 hosts that leave with external ports of IPv4, and whom such a port belongs to. */
import { Action, isIpv4, program, u16, type u32 } from "zeta/bpf";
import { protocolIn } from "../../flow/across.ts";
import { Change } from "../../flow/entry.ts";
import { anyPort, externalOf, holderAcross, type Ports, portFor } from "../../flow/mapping.ts";
import { Fresh, ipv4Family, ipv6Family } from "../../flow/table.ts";
import { spansNow } from "../../flow/time.ts";
import type { Parts } from "../../packet/open.ts";
import type { Call } from "../call.ts";
import { because } from "../drops.ts";
import { askOwned, Taken } from "../pools.ts";
import { refused, withPacket } from "../stage.ts";
import { enterCommit, Stage, zeta_node_stages } from "../stages.ts";

/** An IPv6 host's flow gets a port of the IPv4 address that was picked. */
const takePort = (parts: Parts, call: Call, ports: Ports, now: u32): u32 => {
  const range = { address: call.source, first: call.poolFirst, last: call.poolLast };
  const { source, sourcePort, protocol } = parts;
  if (call.perDestination === 1) {
    const flow = { source, sourcePort, destination: call.destination, destinationPort: call.destinationPort };
    call.sourcePort = portFor(ipv4Family, range, flow, {
      protocol: protocolIn(ipv4Family, protocol),
      vni: 0,
      now,
      ports,
    });
    call.change &= ~Change.SourcePool;
    return call.sourcePort === 0 ? Taken.None : Taken.Port;
  }
  const of = {
    inside: { address: source, port: sourcePort },
    vni: call.vni,
    protocol,
    service: u16(call.service),
    now,
    ports,
  };
  const external = externalOf(ipv6Family, ipv4Family, range, of, call.owned);
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

const settle = (parts: Parts, call: Call, ports: Ports): Action => {
  const now = spansNow();
  if (isIpv4(parts.source)) {
    // A pool for the source would give an address of the external one's family: the wrong one, as it turns out.
    if ((call.change & Change.SourcePool) !== 0) return refused(call, because.otherFamily());
    const external = { address: call.destination, port: call.destinationPort };
    const holder = isIpv4(call.destination) ? holderAcross(external, parts.protocol, now) : null;
    if (holder === null) return refused(call, because.nobody());
    call.destination = holder.address;
    call.destinationPort = holder.port;
  } else {
    if ((call.change & Change.DestinationPool) !== 0 || !isIpv4(call.source))
      return refused(call, because.otherFamily());
    const taken = takePort(parts, call, ports, now);
    if (taken === Taken.None) return refused(call, because.noPort());
    if (taken === Taken.Asks) return askOwned(call);
  }
  enterCommit(parts.type);
  return Action.Drop;
};

/** With these ports to choose from. */
export const settleAcrossBy = (ports: Ports) => withPacket((parts, call) => settle(parts, call, ports));

export const zeta_pools64 = program("zeta_pools64", settleAcrossBy(anyPort), {
  slot: { table: zeta_node_stages, index: Stage.Pools64 },
});
