/** Packets of every kind of header, and what becomes of them: cut at every byte, or with lengths that lie. */
import {
  arp,
  fragments,
  fromBytes,
  geneve,
  geneveOption,
  icmp,
  icmpv6,
  type Packet,
  type Random,
  tcp,
  udp,
  vlan,
  vxlan,
} from "../kit/index.ts";

const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const client6 = tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80");
const question = udp("10.0.0.7:5000", "10.1.0.1:53").payload("question".repeat(8));
const question6 = udp("[2001:db8::7]:5000", "[2001:db8:1::1]:53").payload("question".repeat(8));
const inner = udp("192.0.2.1:5000", "192.0.2.2:53").payload("?");
const tunnel = { from: "10.0.0.7", to: "10.1.0.1", vni: 77 };
const tcpOptions = [
  { kind: "mss", value: 1460 },
  { kind: "nop" },
  { kind: "windowScale", shift: 7 },
  { kind: "timestamps", value: 1, echo: 2 },
] as const;
const routing = { kind: "routing", type: 4, segmentsLeft: 1, addresses: ["2001:db8::9", "2001:db8:1::1"] } as const;
const extensions = [
  { kind: "hopByHop", options: [{ kind: "routerAlert", value: 0 }] },
  { kind: "destinationOptions" },
  routing,
  { kind: "fragment", identification: 9 },
] as const;
const [firstPart, laterPart] = fragments(question, { size: 40 }) as [Packet, Packet];
const [firstPart6, laterPart6] = fragments(question6, { size: 40 }) as [Packet, Packet];

export const KINDS: Readonly<Record<string, Packet>> = {
  ARP: arp("10.0.0.7", "10.1.0.1").request(),
  "TCP with options": client.syn({ options: tcpOptions, payload: "data" }),
  "one tag": vlan(10, client.syn()),
  "two tags": vlan([{ id: 100, protocol: "802.1ad" }, 10], client6.syn()),
  "IPv4 with options": client.syn({ ipv4: { options: [{ kind: "routerAlert", value: 0 }, { kind: "nop" }] } }),
  "IPv6 with extension headers": client6.syn({ extensions, options: tcpOptions }),
  "UDP without checksum": question.with({ checksum: "zero" }),
  "UDP over IPv6": question6,
  "a first fragment": firstPart,
  "a later fragment": laterPart,
  "a first IPv6 fragment": firstPart6,
  "a later IPv6 fragment": laterPart6,
  ICMP: icmp("10.0.0.7", "10.1.0.1").echo({ payload: "ping" }),
  "an ICMP error": icmp("10.0.0.7", "10.1.0.1").unreachable(question),
  ICMPv6: icmpv6("2001:db8::7", "2001:db8:1::1").echo({ payload: "ping" }),
  VXLAN: vxlan(inner, tunnel),
  "Geneve with options": geneve(inner, { ...tunnel, options: [geneveOption(0x102, 1, new Uint8Array(4))] }),
};

const put = (packet: Packet, at: number, ...bytes: readonly number[]): Packet => {
  const out = packet.bytes.slice();
  out.set(bytes, at);
  return fromBytes(out);
};
const put16 = (packet: Packet, at: number, value: number): Packet => put(packet, at, value >> 8, value & 0xff);
const nibbles = Array.from({ length: 16 }, (_, i) => i);
const lengths16 = [0, 1, 7, 8, 19, 20, 39, 40, 41, 100, 1500, 0x7fff, 0xfff8, 0xffff];
const lengths8 = [0, 1, 2, 3, 4, 7, 8, 20, 127, 254, 255];

const NETWORK = 14;
const V4_TRANSPORT = 34;
const V6_TRANSPORT = 54;

/** Every length field of every header, with values at its limits and beyond what is there. */
export const LYING: Readonly<Record<string, readonly Packet[]>> = {
  "IPv4 header lengths": nibbles.map((words) => put(client.syn(), NETWORK, 0x40 | words)),
  "IP versions": nibbles.flatMap((version) => [
    put(client.syn(), NETWORK, (version << 4) | 5),
    put(client6.syn(), NETWORK, version << 4),
  ]),
  "IPv4 total lengths": lengths16.map((length) => put16(client.payload("data"), NETWORK + 2, length)),
  "TCP data offsets": nibbles.flatMap((words) => [
    put(client.syn({ options: tcpOptions }), V4_TRANSPORT + 12, words << 4),
    put(client6.syn({ options: tcpOptions }), V6_TRANSPORT + 12, words << 4),
  ]),
  "IPv6 payload lengths": lengths16.map((length) => put16(client6.payload("data"), NETWORK + 4, length)),
  "IPv6 extension lengths": lengths8.flatMap((words) =>
    ([{ kind: "hopByHop" }, { kind: "destinationOptions" }, routing] as const).map((extension) =>
      put(client6.syn({ extensions: [extension] }), V6_TRANSPORT + 1, words),
    ),
  ),
  "chains of extension headers": [0, 43, 44, 60, 51, 59, 6, 17, 58, 255].flatMap((next) => [
    put(client6.syn({ extensions: new Array(9).fill({ kind: "destinationOptions" }) }), V6_TRANSPORT + 64, next),
    put(client6.syn({ extensions: [routing, { kind: "fragment" }] }), V6_TRANSPORT, next),
  ]),
  "TCP option lengths": lengths8.flatMap((length) => [
    put(client.syn({ options: tcpOptions }), V4_TRANSPORT + 21, length),
    put(client.syn({ options: tcpOptions }), V4_TRANSPORT + 26, length),
  ]),
  "UDP lengths": lengths16.flatMap((length) => [
    put16(question, V4_TRANSPORT + 4, length),
    put16(question6, V6_TRANSPORT + 4, length),
  ]),
  "Geneve option lengths": Array.from({ length: 64 }, (_, words) =>
    put(KINDS["Geneve with options"] as Packet, V4_TRANSPORT + 8, words),
  ),
};

/** One of the packets above with up to three of its header bytes overwritten, and perhaps cut. */
export function randomlyLying(draw: Random): Packet {
  const packet = draw.pick(Object.values(KINDS));
  const out = packet.bytes.slice();
  for (let i = draw.between(1, 3); i > 0; i--) out[draw.between(12, Math.min(110, out.length - 1))] = draw.below(256);
  return fromBytes(draw.chance(0.3) ? out.slice(0, draw.between(14, out.length)) : out);
}
