import { Action, address, map, program, struct, u32, u64 } from "zeta/bpf";
import { complain } from "../../../bpf-lib/icmp/errors.ts";
import { type IcmpError, noHost, noPort, noRoute, prohibited, timeExceeded } from "../../../bpf-lib/icmp/kinds.ts";
import { open, type Parts } from "../../../bpf-lib/packet/open.ts";
import { age } from "../../../bpf-lib/route/age.ts";
import { isTooLong, mayNotBeCut, tellLength } from "../../../bpf-lib/route/path-mtu.ts";

/** The hop's MTU; what is said of packets that it takes and whose time is not up; by whom, in which network. */
const settings = map.array({ value: struct({ from: address, network: u32, mtu: u32, kind: u32 }), max: 1 });
/** Packets that were too long, and whose senders allow them to be cut. */
const uncut = map.array({ value: struct({ count: u64 }), max: 1 });

const errorOf = (kind: u32): IcmpError | null => {
  if (kind === 0) return noRoute;
  if (kind === 1) return noHost;
  if (kind === 2) return noPort;
  return kind === 3 ? prohibited : null;
};

const judge = (parts: Parts, mtu: u32, kind: u32): IcmpError | null => {
  if (isTooLong(parts, mtu)) {
    if (mayNotBeCut(parts)) return tellLength(parts, mtu);
    const counted = uncut.at(0);
    if (counted !== null) counted.count += 1n;
    return null;
  }
  return age(parts) ? errorOf(kind) : timeExceeded;
};

export default program("complainer", (frame) =>
  open(
    frame,
    (parts) => {
      const set = settings.at(0);
      if (set === null) return Action.Aborted;
      const { from, network, mtu, kind } = set;
      const error = judge(parts, mtu, kind);
      if (error === null) return Action.Drop;
      return complain(parts, error, from, network) ? Action.Transmit : Action.Drop;
    },
    () => Action.Pass,
  ),
);
