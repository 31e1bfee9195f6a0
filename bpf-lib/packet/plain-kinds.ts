/**
 * Plain packets by their kind: TCP or UDP right behind an Ethernet and an IP header without tags, options, extensions and
 * fragments. What says so is constant in what is handed on, and so are the places of its headers: who takes it is compiled, for each
 * family and protocol by itself, to a fraction of what any packet needs. For programs that are short, since they are there four times.
 */
import {
  type Action,
  EtherType,
  ethernetHeader,
  type Frame,
  fromIpv4,
  fromIpv6,
  header,
  ipv4Header,
  ipv6Header,
  type Of,
  Protocol,
  type u8,
  u16,
} from "zeta/bpf";
import type { Parts } from "./open.ts";
import { ipv4Words, MORE_OR_LATER } from "./words.ts";

const portsHeader = header({ source: u16, destination: u16 });
const NETWORK_AT = 14;

/** Hands on the parts of a packet of TCP or UDP, with the protocol and all that is left out of them as constants. */
const handOn = (
  parts: Pick<Parts, "frame" | "ethernet" | "type" | "transportAt" | "source" | "destination">,
  ports: Of<typeof portsHeader>,
  protocol: u8,
  use: (parts: Parts) => Action,
  otherwise: () => Action,
): Action => {
  const of = (constant: u8): Action =>
    use({
      ...parts,
      tagged: false,
      networkAt: NETWORK_AT,
      protocol: constant,
      later: false,
      fragmentAt: 0,
      segmentsLeft: 0,
      sourcePort: ports.source,
      destinationPort: ports.destination,
    });
  if (protocol === Protocol.Tcp) return of(Protocol.Tcp);
  return protocol === Protocol.Udp ? of(Protocol.Udp) : otherwise();
};

const openPlain4 = (frame: Frame, use: (parts: Parts) => Action, otherwise: () => Action): Action => {
  const transportAt = 34;
  const ethernet = frame.cursor().peek(ethernetHeader);
  const ip = frame.cursor(NETWORK_AT).peek(ipv4Header);
  const words = frame.cursor(NETWORK_AT).peek(ipv4Words);
  const ports = frame.cursor(transportAt).peek(portsHeader);
  if (ethernet === null || ip === null || words === null || ports === null) return otherwise();
  if (ip.start.version !== 4 || ip.start.words !== 5) return otherwise();
  if ((words.fragment & MORE_OR_LATER) !== 0) return otherwise();
  const [source, destination] = [fromIpv4(ip.source), fromIpv4(ip.destination)];
  const parts = { frame, ethernet, type: EtherType.Ipv4, transportAt, source, destination };
  return handOn(parts, ports, ip.protocol, use, otherwise);
};

const openPlain6 = (frame: Frame, use: (parts: Parts) => Action, otherwise: () => Action): Action => {
  const transportAt = 54;
  const ethernet = frame.cursor().peek(ethernetHeader);
  const ip = frame.cursor(NETWORK_AT).peek(ipv6Header);
  const ports = frame.cursor(transportAt).peek(portsHeader);
  if (ethernet === null || ip === null || ports === null || ip.start.version !== 6) return otherwise();
  const [source, destination] = [fromIpv6(ip.source), fromIpv6(ip.destination)];
  const parts = { frame, ethernet, type: EtherType.Ipv6, transportAt, source, destination };
  return handOn(parts, ports, ip.nextHeader, use, otherwise);
};

/** Gives a plain packet to `use`, which has yet to see whether it is whole; of any other, what `otherwise` gives. */
export const openPlainByKind = (frame: Frame, use: (parts: Parts) => Action, otherwise: () => Action): Action => {
  const ethernet = frame.cursor().peek(ethernetHeader);
  if (ethernet === null) return otherwise();
  if (ethernet.type === EtherType.Ipv4) return openPlain4(frame, use, otherwise);
  return ethernet.type === EtherType.Ipv6 ? openPlain6(frame, use, otherwise) : otherwise();
};
