/** After a service has decided by a pool: whose port it is, or which port the flow leaves with. Then it is committed. */
import { Action, type Frame, type Of, program, u16, type u32 } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { externalOf, holderOf, portFor } from "../flow/mapping.ts";
import { type Family, Fresh, withFamily } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { endsWithPort, open, type Parts } from "../packet/open.ts";
import { type callRecord, zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { enterCommit, Stage, zeta_node_stages } from "./stages.ts";

type Call = Of<typeof callRecord>;

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
  const external = externalOf(family, range, of);
  call.source = external.address;
  call.sourcePort = external.port;
  if (external.isNew) call.fresh |= (1 << Fresh.Inward) | (1 << Fresh.Outward);
  return external.port !== 0;
};

const refused = (call: Call, reason: u32): Action => {
  countNodeDrop(call.service, reason);
  return Action.Drop;
};

const settle = (parts: Parts, family: Family, call: Call): Action => {
  const now = spansNow();
  const named = (call.change & Change.DestinationPool) !== 0;
  // Nobody's ports are given to what has none: such packets of two hosts could not be told apart.
  const wanted = (named ? Change.Destination : 0) | ((call.change & Change.SourcePool) !== 0 ? Change.Source : 0);
  if ((wanted & ~endsWithPort(parts)) !== 0) return refused(call, because.portless());
  if (named && !findHolder(parts, family, call, now)) return refused(call, because.nobody());
  if ((call.change & Change.SourcePool) !== 0 && !takePort(parts, family, call, now))
    return refused(call, because.noPort());
  enterCommit(parts.type);
  return Action.Drop;
};

const run = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const unreadable = () => refused(call, because.notWhole());
  return open(frame, (parts) => withFamily(parts, (family) => settle(parts, family, call)), unreadable, unreadable);
};

export const zeta_pools = program("zeta_pools", run, { slot: { table: zeta_node_stages, index: Stage.Pools } });
