/** Changing addresses and ports in place (an echo's identifier is a port too), with the IP and transport checksums following in one step each. */
import { EtherType, type Of, Protocol, type u8, type u64 } from "zeta/bpf";
import { Change, type endpointWords } from "../flow/entry.ts";
import { putIdentifier } from "./echo.ts";
import { network, type Parts, transport } from "./open.ts";
import { changed, updated } from "./sums.ts";
import { icmpWords, ipv4Words, ipv6Words, portWords, tcpWords, udpWords } from "./words.ts";

type Words = Pick<Of<typeof endpointWords>, "address" | "port">;
type Address = Words["address"];

/** What to put at which end, in memory order. */
export interface Ends {
  /** Bits of `Change`. */
  readonly change: number;
  readonly source: Words;
  readonly destination: Words;
}

const put6 = (at: Address, to: Address): u64 => {
  const change = changed(at[0], to[0]) + changed(at[1], to[1]) + changed(at[2], to[2]) + changed(at[3], to[3]);
  at[0] = to[0];
  at[1] = to[1];
  at[2] = to[2];
  at[3] = to[3];
  return change;
};

/** Changes the addresses; gives what that adds to the pseudo-header's sum. */
export const putAddresses = (parts: Parts, to: Ends): u64 => {
  let change: u64 = 0n;
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  const ip6 = network(parts, EtherType.Ipv6, ipv6Words);
  if (ip4 !== null) {
    if ((to.change & Change.Destination) !== 0) {
      change = changed(ip4.destination, to.destination.address[3]);
      ip4.destination = to.destination.address[3];
    }
    if ((to.change & Change.Source) !== 0) {
      change += changed(ip4.source, to.source.address[3]);
      ip4.source = to.source.address[3];
    }
    ip4.checksum = updated(ip4.checksum, change);
  } else if (ip6 !== null) {
    if ((to.change & Change.Destination) !== 0) {
      const added = put6(ip6.destination, to.destination.address);
      change = parts.segmentsLeft === 0 ? added : 0n;
    }
    if ((to.change & Change.Source) !== 0) change += put6(ip6.source, to.source.address);
  }
  return change;
};

/** Changes the ports of TCP and UDP, which stand in the same place; gives what that adds to the sum. */
export const putPorts = (parts: Parts, to: Ends): u64 => {
  let change: u64 = 0n;
  const ports = parts.frame.cursor(parts.transportAt).peek(portWords);
  if (ports === null) return change;
  if ((to.change & Change.Destination) !== 0) {
    change = changed(ports.destination, to.destination.port);
    ports.destination = to.destination.port;
  }
  if ((to.change & Change.Source) !== 0) {
    change += changed(ports.source, to.source.port);
    ports.source = to.source.port;
  }
  return change;
};

/** Which part of an endpoint is put; known when compiled, so that nothing is left of the other. */
export type Part = "both" | "address" | "port";

/** Puts endpoints at the ends that `change` names. The family stays. */
export const putEnds = (parts: Parts, to: Ends, part: Part = "both"): void => {
  const change: u64 = part === "port" ? 0n : putAddresses(parts, to);
  const ports = (): u64 => (part === "address" ? 0n : putPorts(parts, to));
  const tcp = transport(parts, Protocol.Tcp, tcpWords);
  if (tcp !== null) {
    tcp.checksum = updated(tcp.checksum, change + ports());
    return;
  }
  const udp = transport(parts, Protocol.Udp, udpWords);
  if (udp !== null) {
    const next = updated(udp.checksum, change + ports());
    if (udp.checksum !== 0) udp.checksum = next === 0 ? 0xffff : next;
    return;
  }
  const protocol: u8 = parts.type === EtherType.Ipv4 ? Protocol.Icmp : Protocol.Icmpv6;
  const icmp = transport(parts, protocol, icmpWords);
  if (icmp === null) return;
  const pseudo: u64 = parts.type === EtherType.Ipv4 ? 0n : change;
  const identifier: u64 = part === "address" ? 0n : putIdentifier(icmp, protocol, to);
  icmp.checksum = updated(icmp.checksum, pseudo + identifier);
};
