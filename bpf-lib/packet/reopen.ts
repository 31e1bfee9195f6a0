/**
 * Opening a packet again, in a program that goes on with it after a tail call: where its headers are goes along in a record,
 * and is not looked for anew. Only for packets that nobody has lengthened or cut meanwhile.
 */
import {
  type Action,
  type address,
  EtherType,
  ethernetHeader,
  type Frame,
  fromIpv4,
  fromIpv6,
  ipv4Header,
  ipv6Header,
  type Of,
  struct,
  u8,
  u16,
  type u32,
} from "zeta/bpf";
import type { Parts } from "./open.ts";

/** Where a packet's headers are, and what names its flow beside its addresses. */
export const noted = struct({
  type: u16,
  networkAt: u16,
  transportAt: u16,
  fragmentAt: u16,
  sourcePort: u16,
  destinationPort: u16,
  protocol: u8,
  later: u8,
  segmentsLeft: u8,
});
export type Noted = Of<typeof noted>;

/** Ethernet and two tags, and no more: what the verifier is told of a record's offsets. */
const LINK = 0x1f;
const OFFSETS = 0x7fff;

/** Writes down what was found in a packet, before a tail call. */
export const note = (parts: Parts, to: Noted): void => {
  to.type = parts.type;
  to.networkAt = u16(parts.networkAt);
  to.transportAt = u16(parts.transportAt);
  to.fragmentAt = u16(parts.fragmentAt);
  to.sourcePort = parts.sourcePort;
  to.destinationPort = parts.destinationPort;
  to.protocol = parts.protocol;
  to.later = parts.later ? 1 : 0;
  to.segmentsLeft = parts.segmentsLeft;
};

/** Gives `use` the packet as it was noted; `broken` when it is not there any more. */
export const reopen = (frame: Frame, from: Noted, use: (parts: Parts) => Action, broken: () => Action): Action => {
  const ethernet = frame.cursor().peek(ethernetHeader);
  if (ethernet === null) return broken();
  const { type, sourcePort, destinationPort, protocol, segmentsLeft } = from;
  const networkAt: u32 = from.networkAt & LINK;
  let source: address = 0n;
  let destination: address = 0n;
  if (type === EtherType.Ipv4) {
    const ip = frame.cursor(networkAt).peek(ipv4Header);
    if (ip === null) return broken();
    source = fromIpv4(ip.source);
    destination = fromIpv4(ip.destination);
  } else if (type === EtherType.Ipv6) {
    const ip = frame.cursor(networkAt).peek(ipv6Header);
    if (ip === null) return broken();
    source = fromIpv6(ip.source);
    destination = fromIpv6(ip.destination);
  } else return broken();
  return use({
    frame,
    ethernet,
    type,
    tagged: networkAt !== 14,
    networkAt,
    transportAt: from.transportAt & OFFSETS,
    protocol,
    later: from.later !== 0,
    fragmentAt: from.fragmentAt & OFFSETS,
    segmentsLeft,
    source,
    destination,
    sourcePort,
    destinationPort,
  });
};
