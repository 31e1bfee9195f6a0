/**
 * Bad input for a node: packets of flows that it knows, hurt in every way that a header can be, cut into fragments that do not
 * fit together, and put into tunnels. A seed gives the same packets everywhere.
 */
import { internetChecksum } from "../kit/checksum.ts";
import { fragments, fromBytes, icmp, icmpv6, type Packet, type Random, tcp, udp, vlan } from "../kit/index.ts";
import { damaged } from "../kit/mutate/damage.ts";

/** Who speaks with whom: inside and outside of a translator, a virtual address, and a node's own. */
export const HOSTS = {
  4: { inside: "10.0.0.7", outside: "198.51.100.7", virtual: "203.0.113.80", external: "203.0.113.8" },
  6: { inside: "2001:db8:a::7", outside: "2001:db8:b::7", virtual: "2001:db8:c::80", external: "2001:db8:a::8" },
} as const;
type Hosts = (typeof HOSTS)[4 | 6];

const PORTS = [53, 80, 5000, 40_000] as const;
const data = (draw: Random): Uint8Array => draw.bytes(draw.pick([0, 1, 8, 33, 300, 1380]));

/** A packet that is right in every part, of a flow that is met again and again. */
function right(draw: Random): Packet {
  const six = draw.chance(0.4);
  const hosts: Hosts = six ? HOSTS[6] : HOSTS[4];
  const [from, to] = draw.pick([
    [hosts.inside, hosts.outside],
    [hosts.inside, hosts.outside],
    [hosts.inside, hosts.outside],
    [hosts.inside, hosts.outside],
    [hosts.outside, hosts.virtual],
    [hosts.inside, hosts.virtual],
    [hosts.outside, hosts.external],
    [hosts.outside, hosts.inside],
  ] as const);
  const at = (host: string, port: number) => (six ? `[${host}]:${port}` : `${host}:${port}`);
  const ends = [at(from, draw.pick(PORTS)), at(to, draw.pick(PORTS))] as const;
  const common = {
    ttl: draw.pick([64, 64, 64, 64, 64, 64, 1, 0]),
    ...(six ? {} : { ipv4: { dontFragment: draw.chance(0.5) } }),
  };
  const asks = { identifier: draw.pick(PORTS), payload: data(draw) };
  const pings = six ? icmpv6(from, to) : icmp(from, to);
  const segment = tcp(...ends);
  return draw.weighted<() => Packet>([
    [
      3,
      () =>
        segment.packet(draw.pick([["syn"], ["syn"], ["ack"], ["psh", "ack"], ["fin", "ack"], ["rst"]]), {
          ...common,
          payload: data(draw),
        }),
    ],
    [4, () => udp(...ends).payload(data(draw), common)],
    [2, () => pings.echo(asks, common)],
    [1, () => pings.echoReply(asks, common)],
    [
      2,
      () =>
        pings.unreachable(
          udp(...ends)
            .reverse()
            .payload(data(draw)),
          draw.below(6),
          common,
        ),
    ],
    [1, () => pings.timeExceeded(segment.reverse().payload(data(draw)), common)],
  ])();
}

/** Where the packet reaches so far. */
const put8 = (bytes: Uint8Array, at: number, value: number): void => {
  if (at < bytes.length) bytes[at] = value;
};
const put16 = (bytes: Uint8Array, at: number, value: number): void => {
  put8(bytes, at, value >> 8);
  put8(bytes, at + 1, value);
};
const LINK = 14;
const isIpv6 = (bytes: Uint8Array): boolean => bytes[12] === 0x86;
/** The IPv4 header's checksum, made right again: what was changed is to be looked at for itself. */
function resummed(bytes: Uint8Array): Uint8Array {
  if (isIpv6(bytes) || bytes.length < LINK + 20) return bytes;
  const length = ((bytes[LINK] as number) & 15) * 4;
  put16(bytes, LINK + 10, 0);
  put16(bytes, LINK + 10, internetChecksum(bytes.subarray(LINK, LINK + length)));
  return bytes;
}

/** One of the packet's lengths says something else: of the IP datagram, its header, the transport's header or datagram. */
function lengthChanged({ bytes }: Packet, draw: Random): Packet {
  const out = bytes.slice();
  const six = isIpv6(out);
  const transport = LINK + (six ? 40 : 20);
  const near = (at: number) => ((out[at] ?? 0) << 8) + (out[at + 1] ?? 0) + draw.pick([-20, -9, -8, -1, 1, 8, 40]);
  const any = (at: number) => put16(out, at, draw.chance(0.6) ? near(at) : draw.pick([0, 1, 7, 19, 20, 28, 0xffff]));
  draw.pick([
    () => any(LINK + (six ? 4 : 2)),
    () => any(transport + 4),
    () => put8(out, LINK, (six ? 0x60 : 0x40) | draw.below(16)),
    () => put8(out, transport + 12, draw.below(256)),
  ])();
  return fromBytes(resummed(out));
}

/** More options than are needed: IPv4's up to the longest, of any content; a chain of IPv6 extension headers, of any length. */
function overlong({ bytes }: Packet, draw: Random): Packet {
  const six = isIpv6(bytes);
  const at = LINK + (six ? 40 : 20);
  if (!six) {
    const options = draw.bytes(4 * draw.between(1, 10));
    const out = Uint8Array.from([...bytes.subarray(0, at), ...options, ...bytes.subarray(at)]);
    out[LINK] = 0x45 + options.length / 4;
    put16(out, LINK + 2, out.length - LINK);
    return fromBytes(resummed(out));
  }
  const headers = Array.from({ length: draw.between(1, 12) }, () => draw.pick([0, 43, 60, 44]));
  const next = [...headers.slice(1), bytes[LINK + 6] as number];
  const chain = headers.flatMap((kind, index) => {
    const words = kind === 44 ? 0 : draw.pick([0, 0, 0, 1, 2, 60]);
    const said = draw.chance(0.9) ? words : draw.below(256);
    const rest = draw.chance(0.7) ? new Uint8Array(words * 8 + 6) : draw.bytes(words * 8 + 6);
    return [next[index] as number, kind === 44 ? 0 : said, ...(kind === 44 ? new Uint8Array(6) : rest)];
  });
  const out = Uint8Array.from([...bytes.subarray(0, at), ...chain, ...bytes.subarray(at)]);
  out[LINK + 6] = headers[0] as number;
  put16(out, LINK + 4, out.length - LINK - 40);
  return fromBytes(out);
}

/** Pieces of it, in any order: some twice, some missing, some moved to where others are. */
function pieces(packet: Packet, draw: Random): Packet[] {
  const size = draw.pick([8, 16, 24, 64, 256]);
  const all = fragments(packet, { size, identification: draw.below(64) }).slice(0, 12);
  const order = draw.chance(0.7) ? all : draw.shuffle([...all, ...all.slice(0, 2)]);
  return order.filter(() => draw.chance(0.95)).map((piece) => (draw.chance(0.1) ? moved(piece, draw) : piece));
}

function moved({ bytes }: Packet, draw: Random): Packet {
  const out = bytes.slice();
  const at = isIpv6(out) ? LINK + 40 + 2 : LINK + 6;
  const old = ((out[at] as number) << 8) | (out[at + 1] as number);
  const step = isIpv6(out) ? 8 : 1;
  put16(out, at, draw.chance(0.3) ? draw.below(65_536) : old + step * draw.pick([-2, -1, 1, 2]));
  return fromBytes(resummed(out));
}

const bad = (draw: Random): Packet[] =>
  draw.weighted<() => Packet[]>([
    [6, () => [right(draw)]],
    [4, () => [damaged(right(draw), draw)]],
    [3, () => [lengthChanged(right(draw), draw)]],
    [2, () => [overlong(right(draw), draw)]],
    [2, () => pieces(right(draw), draw)],
    [1, () => pieces(overlong(right(draw), draw), draw).map((one) => (draw.chance(0.3) ? damaged(one, draw) : one))],
    [
      1,
      () => [
        vlan(
          Array.from({ length: draw.between(1, 5) }, () => draw.below(4096)),
          right(draw),
        ),
      ],
    ],
    [1, () => [damaged(lengthChanged(overlong(right(draw), draw), draw), draw)]],
  ])();

export interface Tunnel {
  readonly vni: number;
  readonly kind: "vxlan" | "geneve";
  readonly to: { readonly 4: string; readonly 6: string };
}
const FROM = { 4: "192.0.2.7", 6: "2001:db8:ff::7" } as const;

/** In a tunnel, whatever it is: by templates, since what is inside may be no packet. */
function wrapped(inner: Packet, tunnel: Tunnel, draw: Random): Packet {
  const six = draw.chance(0.3);
  const geneve = tunnel.kind === "geneve";
  const ends = six ? ([`[${FROM[6]}]`, `[${tunnel.to[6]}]`] as const) : ([FROM[4], tunnel.to[4]] as const);
  const head = Uint8Array.from([
    geneve ? 0 : 8,
    0,
    ...(geneve ? [0x65, 0x58] : [0, 0]),
    tunnel.vni >> 16,
    (tunnel.vni >> 8) & 0xff,
    tunnel.vni & 0xff,
    0,
  ]);
  const body = Uint8Array.from([...head, ...inner.bytes]);
  return udp(`${ends[0]}:50000`, `${ends[1]}:${geneve ? 6081 : 4789}`).payload(body, { checksum: "zero" });
}

/** `count` packets and more: those of one draw stay together. */
export function hostile(draw: Random, count: number, tunnels: readonly Tunnel[]): Packet[] {
  const out: Packet[] = [];
  while (out.length < count) {
    let batch = bad(draw);
    // Tunnels in tunnels, to the same node, up to three deep; outer headers hurt too.
    for (let depth = 0; depth < 3 && draw.chance(depth === 0 ? 0.35 : 0.15); depth++) {
      const tunnel = draw.pick(tunnels);
      batch = batch.map((one) => wrapped(one, tunnel, draw));
      if (draw.chance(0.2))
        batch = batch.map((one) => (draw.chance(0.5) ? damaged(one, draw) : lengthChanged(one, draw)));
    }
    out.push(...batch);
  }
  return out;
}

/** What comes back when a packet has arrived: the same, turned round at every layer of the innermost frame. */
export function answered({ bytes }: Packet, at: number): Packet | null {
  const out = bytes.slice(at);
  const six = isIpv6(out);
  const [network, size] = six ? [LINK + 8, 16] : [LINK + 12, 4];
  const transport = LINK + (six ? 40 : 20);
  const protocol = out[six ? LINK + 6 : LINK + 9];
  if (out.length < transport + 8 || (protocol !== 6 && protocol !== 17)) return null;
  const swap = (from: number, length: number) => {
    const first = out.slice(from, from + length);
    out.copyWithin(from, from + length, from + 2 * length);
    out.set(first, from + length);
  };
  swap(0, 6);
  swap(network, size);
  swap(transport, 2);
  return fromBytes(out);
}
