/** Takes raw headers with a cursor, as deep as the packet goes. The verdict says how deep that was. */
import {
  Action,
  arpHeader,
  EtherType,
  ethernetHeader,
  extensionHeader,
  geneveHeader,
  geneveOption,
  icmpHeader,
  ipv4Header,
  ipv6Header,
  map,
  OverlayPort,
  Protocol,
  program,
  struct,
  tcpHeader,
  u32,
  udpHeader,
  vlanTag,
  vxlanHeader,
} from "zeta/bpf";

/** Where the last header began, where the cursor stood in the end, and a sum over fields of all headers. */
const places = map.array({ value: struct({ last: u32, position: u32, remaining: u32, sum: u32 }), max: 1 });

export default program("raw", (frame) => {
  const cursor = frame.cursor();
  const to = places.at(0);
  if (to === null) return Action.Drop;
  const ethernet = cursor.take(ethernetHeader);
  if (ethernet === null) return Action.Drop;
  let type = ethernet.type;
  for (let i = 0; i < 2; i++) {
    if (type !== EtherType.Vlan && type !== EtherType.ProviderVlan) break;
    const tag = cursor.take(vlanTag);
    if (tag === null) return Action.Drop;
    to.sum += tag.control.identifier;
    type = tag.type;
  }
  to.last = cursor.position;
  let protocol = 255;
  if (type === EtherType.Arp) {
    const arp = cursor.peek(arpHeader);
    if (arp === null) return Action.Drop;
    to.sum += arp.operation + u32(arp.targetAddress);
  } else if (type === EtherType.Ipv4) {
    const ip = cursor.take(ipv4Header);
    if (ip === null) return Action.Drop;
    to.sum += ip.totalLength + ip.fragment.offset + u32(ip.destination);
    const options = ip.start.words * 4;
    if (options > 20 && !cursor.skip(options - 20)) return Action.Drop;
    protocol = ip.protocol;
  } else if (type === EtherType.Ipv6) {
    const ip = cursor.take(ipv6Header);
    if (ip === null) return Action.Drop;
    to.sum += ip.payloadLength + ip.start.flowLabel;
    protocol = ip.nextHeader;
    if (protocol === Protocol.HopByHop || protocol === Protocol.Routing || protocol === Protocol.DestinationOptions) {
      const extension = cursor.take(extensionHeader);
      if (extension === null) return Action.Drop;
      protocol = extension.nextHeader;
      if (!cursor.skip(extension.words * 8 + 6)) return Action.Drop;
    }
  }
  if (protocol === Protocol.Tcp) {
    const tcp = cursor.peek(tcpHeader);
    if (tcp === null) return Action.Drop;
    to.sum += tcp.sequence + tcp.window;
    const whole = cursor.slice(tcp.control.words * 4);
    if (whole === null) return Action.Drop;
    to.last = whole.position;
  } else if (protocol === Protocol.Udp) {
    const udp = cursor.take(udpHeader);
    if (udp === null) return Action.Drop;
    to.sum += udp.length;
    if (udp.destinationPort === OverlayPort.Vxlan) {
      const vxlan = cursor.take(vxlanHeader);
      if (vxlan === null) return Action.Drop;
      to.sum += vxlan.network.vni;
    } else if (udp.destinationPort === OverlayPort.Geneve) {
      const geneve = cursor.take(geneveHeader);
      if (geneve === null) return Action.Drop;
      const options = cursor.slice(geneve.start.words * 4);
      if (options === null) return Action.Drop;
      const option = options.take(geneveOption);
      to.sum += geneve.network.vni + (option === null ? 0 : option.class + option.kind.words);
    }
  } else if (protocol === Protocol.Icmp || protocol === Protocol.Icmpv6) {
    const icmp = cursor.take(icmpHeader);
    if (icmp === null) return Action.Drop;
    to.sum += icmp.type + icmp.sequence;
  }
  to.position = cursor.position;
  to.remaining = cursor.remaining;
  return Action.Pass;
});
