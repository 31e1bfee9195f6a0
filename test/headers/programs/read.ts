/** Reads every field of every view of a packet and keeps what it read. */
import {
  Action,
  address,
  array,
  bool,
  ipv4,
  ipv6,
  mac,
  map,
  openPacket,
  program,
  struct,
  u8,
  u16,
  u32,
} from "zeta/bpf";

const summary = struct({
  source: address,
  destination: address,
  length: u32,
  interface: u32,
  vni: u32,
  sourcePort: u16,
  destinationPort: u16,
  protocol: u8,
  later: bool,
  fromClient: bool,
});
const ethernet = struct({ source: mac, destination: mac, type: u16 });
const vlan = struct({ found: bool, priority: u32, dropEligible: u32, identifier: u32 });
const four = struct({
  found: bool,
  source: ipv4,
  destination: ipv4,
  ttl: u8,
  protocol: u8,
  dscp: u32,
  ecn: u32,
  identification: u16,
  totalLength: u16,
  headerLength: u32,
  dontFragment: bool,
  moreFragments: bool,
  fragmentOffset: u32,
});
const six = struct({
  found: bool,
  source: ipv6,
  destination: ipv6,
  hopLimit: u8,
  nextHeader: u8,
  dscp: u32,
  ecn: u32,
  flowLabel: u32,
  payloadLength: u16,
  extensionLength: u32,
});
const tcp = struct({
  found: bool,
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgement: u32,
  window: u16,
  headerLength: u32,
  flags: array(bool, 8),
  opens: bool,
});
const udp = struct({ found: bool, sourcePort: u16, destinationPort: u16, length: u16 });
const icmp = struct({ found: u8, type: u8, code: u8, identifier: u16, sequence: u16 });
const tunnel = struct({ found: u8, vni: u32 });
const seen = struct({ opened: bool, summary, ethernet, vlan, four, six, tcp, udp, icmp, tunnel });

const readings = map.array({ value: seen, max: 1 });

export default program("read", (frame) =>
  openPacket(
    frame,
    (packet) => {
      const to = readings.at(0);
      if (to === null) return Action.Drop;
      to.opened = true;
      to.summary = {
        source: packet.source,
        destination: packet.destination,
        length: packet.length,
        interface: packet.interface,
        vni: packet.vni,
        sourcePort: packet.sourcePort,
        destinationPort: packet.destinationPort,
        protocol: packet.protocol,
        later: packet.isLaterFragment,
        fromClient: packet.from === "client",
      };
      const link = packet.ethernet();
      to.ethernet = { source: link.source, destination: link.destination, type: link.type };
      const tag = packet.vlan();
      if (tag !== null) {
        const { priority, dropEligible, identifier } = tag;
        to.vlan = { found: true, priority, dropEligible, identifier };
      }
      const ip4 = packet.ipv4();
      if (ip4 !== null) {
        to.four.found = true;
        to.four.source = ip4.source;
        to.four.destination = ip4.destination;
        to.four.ttl = ip4.ttl;
        to.four.protocol = ip4.protocol;
        to.four.dscp = ip4.dscp;
        to.four.ecn = ip4.ecn;
        to.four.identification = ip4.identification;
        to.four.totalLength = ip4.totalLength;
        to.four.headerLength = ip4.headerLength;
        to.four.dontFragment = ip4.dontFragment;
        to.four.moreFragments = ip4.moreFragments;
        to.four.fragmentOffset = ip4.fragmentOffset;
      }
      const ip6 = packet.ipv6();
      if (ip6 !== null) {
        to.six.found = true;
        to.six.source = ip6.source;
        to.six.destination = ip6.destination;
        to.six.hopLimit = ip6.hopLimit;
        to.six.nextHeader = ip6.nextHeader;
        to.six.dscp = ip6.dscp;
        to.six.ecn = ip6.ecn;
        to.six.flowLabel = ip6.flowLabel;
        to.six.payloadLength = ip6.payloadLength;
        to.six.extensionLength = ip6.extensionLength;
      }
      const segment = packet.tcp();
      if (segment !== null) {
        to.tcp.found = true;
        to.tcp.sourcePort = segment.sourcePort;
        to.tcp.destinationPort = segment.destinationPort;
        to.tcp.sequence = segment.sequence;
        to.tcp.acknowledgement = segment.acknowledgement;
        to.tcp.window = segment.window;
        to.tcp.headerLength = segment.headerLength;
        to.tcp.flags[0] = segment.fin;
        to.tcp.flags[1] = segment.syn;
        to.tcp.flags[2] = segment.rst;
        to.tcp.flags[3] = segment.psh;
        to.tcp.flags[4] = segment.ack;
        to.tcp.flags[5] = segment.urg;
        to.tcp.flags[6] = segment.ece;
        to.tcp.flags[7] = segment.cwr;
        to.tcp.opens = segment.opens;
      }
      const datagram = packet.udp();
      if (datagram !== null) {
        const { sourcePort, destinationPort, length } = datagram;
        to.udp = { found: true, sourcePort, destinationPort, length };
      }
      const message4 = packet.icmp();
      if (message4 !== null) {
        const { type, code, identifier, sequence } = message4;
        to.icmp = { found: 4, type, code, identifier, sequence };
      }
      const message6 = packet.icmpv6();
      if (message6 !== null) {
        const { type, code, identifier, sequence } = message6;
        to.icmp = { found: 6, type, code, identifier, sequence };
      }
      const vxlan = packet.vxlan();
      if (vxlan !== null) to.tunnel = { found: 1, vni: vxlan.vni };
      const geneve = packet.geneve();
      if (geneve !== null) to.tunnel = { found: 2, vni: geneve.vni };
      return Action.Pass;
    },
    () => Action.Transmit,
  ),
);
