/** Random packets of every kind the builder knows; every length and checksum is right. */
import { formatIpv4, formatIpv6, formatMac } from "../../../sdk/layout/address.ts";
import { fragments } from "../builders/fragments.ts";
import { icmp } from "../builders/icmp.ts";
import { icmpv6 } from "../builders/icmpv6.ts";
import { arp, ethernet, vlan } from "../builders/link.ts";
import { tcp } from "../builders/tcp.ts";
import { geneve, geneveOption, vxlan } from "../builders/tunnels.ts";
import { udp } from "../builders/udp.ts";
import { TCP_FLAGS } from "../packet/layers.ts";
import type { Ipv4Option, TcpOption } from "../packet/options.ts";
import type { ExtensionSpec, Overrides } from "../packet/override.ts";
import type { Packet } from "../packet/packet.ts";
import type { Random } from "../random.ts";

/** Few addresses and ports, so that flows and table entries repeat. */
const V4 = ["10.0.0.7", "10.1.0.1", "10.1.0.2", "192.0.2.1", "198.51.100.9", "255.255.255.255", "0.0.0.0"];
const V6 = ["2001:db8::7", "2001:db8:1::1", "fe80::1", "::1", "ff02::1", "64:ff9b::10.1.0.1"];
const PORTS = [0, 22, 53, 80, 443, 5353, 8080, 40000, 65535];

const v4 = (draw: Random): string => (draw.chance(0.8) ? draw.pick(V4) : formatIpv4(draw.u32()));
const v6 = (draw: Random): string => (draw.chance(0.8) ? draw.pick(V6) : formatIpv6((draw.u64() << 64n) | draw.u64()));
/** Tunnel ports are left to tunnels: their content is no tunnel header. */
const port = (draw: Random): number => (draw.chance(0.8) ? draw.pick(PORTS) : draw.below(4789));
const data = (draw: Random): Uint8Array =>
  draw.bytes(
    draw.weighted([
      [3, 0],
      [4, draw.below(64)],
      [1, draw.below(1200)],
    ]),
  );
const mac = (draw: Random): string => formatMac(draw.u64() >> 16n);

const ends = (draw: Random, six: boolean): [string, string] => {
  const end = () => (six ? `[${v6(draw)}]:${port(draw)}` : `${v4(draw)}:${port(draw)}`);
  return [end(), end()];
};

function tcpOptions(draw: Random): TcpOption[] {
  const all: TcpOption[] = [
    { kind: "mss", value: draw.below(65536) },
    { kind: "windowScale", shift: draw.below(15) },
    { kind: "sackPermitted" },
    { kind: "timestamps", value: draw.u32(), echo: draw.u32() },
    { kind: "nop" },
    { kind: "sack", blocks: [{ from: draw.u32(), to: draw.u32() }] },
    { kind: "other", type: 254, data: draw.bytes(draw.below(5)) },
  ];
  return draw.shuffle(all).slice(0, draw.below(5));
}

function ipv4Options(draw: Random): Ipv4Option[] {
  const all: Ipv4Option[] = [
    { kind: "nop" },
    { kind: "routerAlert", value: 0 },
    { kind: "recordRoute", pointer: 4, addresses: [v4(draw), "0.0.0.0"] },
    { kind: "other", type: 0x88, data: draw.bytes(2) },
  ];
  return draw.shuffle(all).slice(0, 1 + draw.below(3));
}

function extensions(draw: Random): ExtensionSpec[] {
  const all: ExtensionSpec[] = [
    { kind: "hopByHop", options: [{ kind: "routerAlert", value: draw.below(4) }] },
    { kind: "routing", type: 4, segmentsLeft: draw.below(2), addresses: [v6(draw), v6(draw)] },
    { kind: "fragment", identification: draw.u32() },
    { kind: "destinationOptions", options: [{ kind: "other", type: 0x1e, data: draw.bytes(draw.below(12)) }] },
  ];
  // In the order of RFC 8200 section 4.1.
  return all.filter(() => draw.chance(0.5));
}

function network(draw: Random, six: boolean): Overrides {
  const both: Overrides = { ttl: draw.pick([0, 1, 2, 64, 255]), dscp: draw.below(64), ecn: draw.below(4) };
  const macs = draw.chance(0.3) ? { sourceMac: mac(draw), destinationMac: mac(draw) } : {};
  if (six) {
    const flow = { ipv6: { flowLabel: draw.below(2 ** 20) } };
    return { ...both, ...macs, ...flow, ...(draw.chance(0.25) ? { extensions: extensions(draw) } : {}) };
  }
  const options = draw.chance(0.2) ? { options: ipv4Options(draw) } : {};
  return { ...both, ...macs, ipv4: { identification: draw.below(65536), dontFragment: draw.chance(0.5), ...options } };
}

function tcpPacket(draw: Random, six: boolean): Packet {
  const fields = { sequence: draw.u32(), acknowledgement: draw.u32(), window: draw.below(65536) };
  const flags = draw.chance(0.8)
    ? draw.pick([["syn"], ["syn", "ack"], ["ack"], ["psh", "ack"], ["fin", "ack"], ["rst"]] as const)
    : TCP_FLAGS.filter(() => draw.chance(0.4));
  const body = draw.chance(0.5) ? { payload: data(draw) } : {};
  return tcp(...ends(draw, six)).packet(flags, {
    ...network(draw, six),
    ...body,
    tcp: { ...fields, options: tcpOptions(draw) },
  });
}

function udpPacket(draw: Random, six: boolean): Packet {
  const checksum = !six && draw.chance(0.2) ? ({ checksum: "zero" } as const) : {};
  return udp(...ends(draw, six)).payload(data(draw), { ...network(draw, six), ...checksum });
}

function icmpPacket(draw: Random): Packet {
  const speaker = icmp(v4(draw), v4(draw), network(draw, false));
  const about = draw.chance(0.5) ? tcpPacket(draw, false) : udpPacket(draw, false);
  const echo = { identifier: draw.below(65536), sequence: draw.below(65536), payload: data(draw) };
  return draw.pick([
    () => speaker.echo(echo),
    () => speaker.echoReply(echo),
    () => speaker.unreachable(about, draw.below(16)),
    () => speaker.fragmentationNeeded(about, 1400),
    () => speaker.timeExceeded(about),
    () => speaker.redirect(about, v4(draw)),
  ])();
}

function icmpv6Packet(draw: Random): Packet {
  const speaker = icmpv6(v6(draw), v6(draw), network(draw, true));
  const about = draw.chance(0.5) ? tcpPacket(draw, true) : udpPacket(draw, true);
  const echo = { identifier: draw.below(65536), sequence: draw.below(65536), payload: data(draw) };
  return draw.pick([
    () => speaker.echo(echo),
    () => speaker.echoReply(echo),
    () => speaker.unreachable(about, draw.below(7)),
    () => speaker.packetTooBig(about, 1280),
    () => speaker.timeExceeded(about),
    () => speaker.neighbourSolicitation(v6(draw)),
    () => speaker.neighbourAdvertisement(v6(draw)),
  ])();
}

function fragmentPacket(draw: Random, six: boolean): Packet {
  const whole = udp(...ends(draw, six)).payload(draw.bytes(draw.between(33, 200)), { ttl: 64 });
  return draw.pick(fragments(whole, { size: draw.pick([16, 24, 32]), identification: draw.below(65536) }));
}

function tunnelPacket(draw: Random): Packet {
  const six = draw.chance(0.3);
  const [from, to] = six ? [v6(draw), v6(draw)] : [v4(draw), v4(draw)];
  const common = {
    from,
    to,
    vni: draw.below(2 ** 24),
    sourcePort: draw.between(49152, 65535),
    overrides: network(draw, six),
  };
  const inner = flat(draw);
  if (draw.chance(0.5)) return vxlan(inner, common);
  const options = Array.from({ length: draw.below(4) }, () =>
    geneveOption(draw.below(65536), draw.below(256), draw.bytes(4 * draw.below(4))),
  );
  return geneve(inner, { ...common, options });
}

/** Frames that are no IP: an experimental type, MPLS's, and 802.3 with the content's length for a type. */
function otherFrame(draw: Random): Packet {
  const body = draw.bytes(draw.between(1, 60));
  return ethernet({ type: draw.pick([0x88b5, 0x8847, body.length]) }, body);
}

/** A packet outside any tunnel. */
function flat(draw: Random): Packet {
  const six = draw.chance(0.35);
  const packet = draw.weighted([
    [8, () => tcpPacket(draw, six)],
    [5, () => udpPacket(draw, six)],
    [2, () => icmpPacket(draw)],
    [2, () => icmpv6Packet(draw)],
    [2, () => fragmentPacket(draw, six)],
    [1, () => (draw.chance(0.5) ? arp(v4(draw), v4(draw)).request() : arp(v4(draw), v4(draw)).reply())],
    [1, () => otherFrame(draw)],
  ])();
  if (draw.chance(0.85)) return packet;
  const id = () => draw.below(4096);
  return draw.chance(0.5)
    ? vlan({ id: id(), priority: draw.below(8) }, packet)
    : vlan([{ id: id(), protocol: "802.1ad" }, id()], packet);
}

/** One well-formed packet. */
export const wellFormed = (draw: Random): Packet => (draw.chance(0.15) ? tunnelPacket(draw) : flat(draw));
