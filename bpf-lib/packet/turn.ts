/** Turning a packet round: what came from one host goes back to it. Sums do not mind that their parts change places. */
import { EtherType, Protocol, u16 } from "zeta/bpf";
import { network, type Parts, transport } from "./open.ts";
import { changed, updated } from "./sums.ts";
import { ipv4Words, ipv6Words, portWords } from "./words.ts";

const TTL = 64;
/** Parts of words in memory order. */
const PROTOCOL = 0xff00;
const NOT_LIMIT = 0x00ff_ffff;

export const turnEthernet = (parts: Parts): void => {
  const { source, destination } = parts.ethernet;
  parts.ethernet.source = destination;
  parts.ethernet.destination = source;
};

const turnNetwork = (parts: Parts): void => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 !== null) {
    const { source, destination, ttlAndProtocol } = ip4;
    ip4.source = destination;
    ip4.destination = source;
    ip4.ttlAndProtocol = u16((ttlAndProtocol & PROTOCOL) | TTL);
    ip4.checksum = updated(ip4.checksum, changed(ttlAndProtocol, ip4.ttlAndProtocol));
    return;
  }
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  if (ip6 === null) return;
  for (const i of [0, 1, 2, 3] as const) {
    const from = ip6.source[i];
    ip6.source[i] = ip6.destination[i];
    ip6.destination[i] = from;
  }
  ip6.lengthAndLimit = (ip6.lengthAndLimit & NOT_LIMIT) | (TTL << 24);
};

/** Addresses and ports change places, and the TTL begins anew. */
export const turnRound = (parts: Parts): void => {
  turnEthernet(parts);
  turnNetwork(parts);
  const ports = transport(parts, Protocol.Tcp, portWords) ?? transport(parts, Protocol.Udp, portWords);
  if (ports === null) return;
  const { source, destination } = ports;
  ports.source = destination;
  ports.destination = source;
};
