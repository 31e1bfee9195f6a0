/** Parse and count: packets and bytes by IP protocol, over IPv4 with options and IPv6, tagged or not. */
import {
  Action,
  EtherType,
  ethernetHeader,
  type Frame,
  ipv4Header,
  ipv6Header,
  map,
  Protocol,
  program,
  struct,
  tcpHeader,
  type u32,
  u64,
  udpHeader,
  vlanTag,
} from "zeta/bpf";

const Malformed = 256;
const totals = map.perCpuArray({ value: struct({ packets: u64, bytes: u64 }), max: 257 });

/** The protocol of a packet whose headers are whole. */
const kindOf = (frame: Frame): u32 => {
  const cursor = frame.cursor();
  const ethernet = cursor.take(ethernetHeader);
  if (ethernet === null) return Malformed;
  let { type } = ethernet;
  if (type === EtherType.Vlan || type === EtherType.ProviderVlan) {
    const tag = cursor.take(vlanTag);
    if (tag === null) return Malformed;
    type = tag.type;
  }
  const networkAt = cursor.position;
  let protocol: u32 = 0;
  let transportAt: u32 = 0;
  if (type === EtherType.Ipv4) {
    const ip = cursor.take(ipv4Header);
    if (ip === null || ip.start.words < 5) return Malformed;
    protocol = ip.protocol;
    transportAt = networkAt + ip.start.words * 4;
  } else if (type === EtherType.Ipv6) {
    const ip = cursor.take(ipv6Header);
    if (ip === null) return Malformed;
    protocol = ip.nextHeader;
    transportAt = networkAt + 40;
  } else return Malformed;
  const transport = frame.cursor(transportAt);
  if (protocol === Protocol.Tcp && transport.peek(tcpHeader) === null) return Malformed;
  if (protocol === Protocol.Udp && transport.peek(udpHeader) === null) return Malformed;
  return protocol;
};

export default program("parse_count", (frame) => {
  const total = totals.at(kindOf(frame));
  if (total !== null) {
    total.packets += 1n;
    total.bytes += u64(frame.length);
  }
  return Action.Pass;
});
