/** A gateway of overlays, as small as one can be: from host to host by endpoint, with errors back to the senders. */
import { Action, address, EtherType, type Frame, map, program, redirect, struct, u32, u64 } from "zeta/bpf";
import { hashFlow } from "../../../bpf-lib/flow/hash.ts";
import { complain } from "../../../bpf-lib/icmp/errors.ts";
import { type IcmpError, timeExceeded } from "../../../bpf-lib/icmp/kinds.ts";
import { Arrival, decapsulate } from "../../../bpf-lib/overlay/decapsulate.ts";
import { encapsulate, trafficOf } from "../../../bpf-lib/overlay/encapsulate.ts";
import { tunnelHop } from "../../../bpf-lib/overlay/hop.ts";
import { open, type Parts } from "../../../bpf-lib/packet/open.ts";
import { age } from "../../../bpf-lib/route/age.ts";
import { isTooLong, mayNotBeCut, tellLength } from "../../../bpf-lib/route/path-mtu.ts";

const endpoints = map.hash({ key: struct({ address, vni: u32, spare: u32 }), value: struct({ hop: u32 }), max: 64 });
const hops = map.array({ value: tunnelHop, max: 8 });
/** The gateway's own address inside. */
const own = map.array({ value: struct({ four: address, six: address }), max: 1 });
const Count = { Forwarded: 0, Answered: 1, Dropped: 2, Fault: 3, Plain: 4 } as const;
const counts = map.perCpuArray({ value: struct({ count: u64 }), max: 5 });

const count = (index: u32): void => {
  const share = counts.at(index);
  if (share !== null) share.count += 1n;
};
const dropped = (index: u32): Action => {
  count(index);
  return Action.Drop;
};

const hopTo = (to: address, vni: u32) => {
  const endpoint = endpoints.get({ address: to, vni, spare: 0 });
  return endpoint === null ? null : hops.at(endpoint.hop);
};

const sendTo = (frame: Frame, to: address, vni: u32, hash: u32, traffic: u32, counted: u32): Action => {
  const hop = hopTo(to, vni);
  if (hop === null || !encapsulate(frame, hop, hash, traffic)) return dropped(Count.Dropped);
  count(counted);
  return redirect(hop.interface);
};

/** Precedence of internetwork control, as errors have it. */
const ERROR_TRAFFIC = 0xc0;

/** What is wrong with a packet for a hop; null when it may go on, one hop older. */
const judge = (parts: Parts, mtu: u32): IcmpError | null => {
  if (isTooLong(parts, mtu)) return tellLength(parts, mtu);
  return age(parts) ? null : timeExceeded;
};

const forward = (parts: Parts, vni: u32): Action => {
  const { frame, source, destination, sourcePort, destinationPort, protocol } = parts;
  const hop = hopTo(destination, vni);
  const gateway = own.at(0);
  if (hop === null || gateway === null) return dropped(Count.Dropped);
  if (isTooLong(parts, hop.mtu) && !mayNotBeCut(parts)) return dropped(Count.Dropped);
  const error = judge(parts, hop.mtu);
  let to: address = destination;
  let hash: u32 = 0;
  let traffic: u32 = ERROR_TRAFFIC;
  if (error !== null) {
    const from = parts.type === EtherType.Ipv4 ? gateway.four : gateway.six;
    if (!complain(parts, error, from, vni)) return dropped(Count.Dropped);
    to = source;
  } else {
    hash = hashFlow(source, destination, sourcePort, destinationPort, protocol);
    traffic = trafficOf(parts);
  }
  return sendTo(frame, to, vni, hash, traffic, error === null ? Count.Forwarded : Count.Answered);
};

export default program("gateway", (frame) => {
  const arrived = decapsulate(frame);
  if (arrived.is === Arrival.Plain) {
    count(Count.Plain);
    return Action.Pass;
  }
  if (arrived.is === Arrival.Fault) return dropped(Count.Fault);
  return open(
    frame,
    (parts) => forward(parts, arrived.vni),
    () => dropped(Count.Dropped),
  );
});
