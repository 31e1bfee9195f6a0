/** A list of sources, as one makes with xdp-filter: who is on it gets through, everybody else does not, and both are counted. */
import {
  Action,
  address,
  EtherType,
  fromIpv6,
  ipv4,
  ipv4Header,
  ipv6Header,
  map,
  program,
  struct,
  u32,
  u64,
} from "zeta/bpf";
import { openLink } from "../../bpf-lib/packet/link.ts";

const SOURCE = 1;

const rule = struct({ ends: u32 });
const listed4 = map.hash({ key: ipv4, value: rule, max: 10_000 });
const listed6 = map.hash({ key: address, value: rule, max: 10_000 });
const totals = map.perCpuArray({ value: struct({ packets: u64, bytes: u64 }), max: 5 });

const judge = (found: { readonly ends: u32 } | null, bytes: u32): Action => {
  const action = found !== null && (found.ends & SOURCE) !== 0 ? Action.Pass : Action.Drop;
  const total = totals.at(action);
  if (total !== null) {
    total.packets += 1n;
    total.bytes += u64(bytes);
  }
  return action;
};

export default program("source_list", (frame) =>
  openLink(
    frame,
    (_, type, at) => {
      const network = frame.cursor(at);
      if (type === EtherType.Ipv4) {
        const ip = network.peek(ipv4Header);
        return judge(ip === null ? null : listed4.get(ip.source), frame.length);
      }
      if (type === EtherType.Ipv6) {
        const ip = network.peek(ipv6Header);
        return judge(ip === null ? null : listed6.get(fromIpv6(ip.source)), frame.length);
      }
      return Action.Pass;
    },
    () => Action.Pass,
  ),
);
