/** An access list in the system layer: TCP and UDP over IPv4, allowed by source prefix and range of destination ports. */
import {
  Action,
  EtherType,
  ethernetHeader,
  header,
  ipv4,
  ipv4Header,
  map,
  Protocol,
  program,
  struct,
  u16,
  u64,
} from "zeta/bpf";

const ports = header({ source: u16, destination: u16 });
const rules = map.lpm({ key: ipv4, value: struct({ from: u16, to: u16 }), max: 100_000 });
const totals = map.perCpuArray({ value: struct({ passed: u64, dropped: u64 }), max: 1 });

const allowed = (source: ipv4, port: u16): boolean => {
  const rule = rules.lookup(source);
  return rule !== null && port >= rule.from && port <= rule.to;
};

export default program("filter", (frame) => {
  const cursor = frame.cursor();
  const ethernet = cursor.take(ethernetHeader);
  const ip = cursor.take(ipv4Header);
  if (ethernet === null || ip === null || ethernet.type !== EtherType.Ipv4) return Action.Pass;
  const { words } = ip.start;
  if (words < 5 || (ip.protocol !== Protocol.Tcp && ip.protocol !== Protocol.Udp)) return Action.Pass;
  const transport = frame.cursor(14 + words * 4).peek(ports);
  if (transport === null) return Action.Drop;
  const passed = allowed(ip.source, transport.destination);
  const total = totals.at(0);
  if (total !== null) {
    if (passed) total.passed += 1n;
    else total.dropped += 1n;
  }
  return passed ? Action.Pass : Action.Drop;
});
