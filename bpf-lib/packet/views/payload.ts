/** What the transport carries. */
import { type Cursor, Protocol, type u32 } from "zeta/bpf";
import { datagramEnd, type Parts, tcpOf } from "../open.ts";

/** Bytes of the transport header: 0 where there is none, or none that is known here; null when it is not whole. */
const transportLength = (parts: Parts): u32 | null => {
  if (parts.later) return 0;
  if (parts.protocol === Protocol.Tcp) {
    const tcp = tcpOf(parts);
    return tcp === null || tcp.control.words < 5 ? null : tcp.control.words * 4;
  }
  const known = parts.protocol === Protocol.Udp || parts.protocol === Protocol.Icmp;
  return known || parts.protocol === Protocol.Icmpv6 ? 8 : 0;
};

/** What the link layer has padded is no payload: the IP header says where that ends. */
export const payloadOf = (parts: Parts, offset: u32, length: u32): Cursor | null => {
  const header = transportLength(parts);
  if (header === null) return null;
  const start: u32 = parts.transportAt + header + offset;
  return start + length > datagramEnd(parts) ? null : parts.frame.cursor(start).slice(length);
};
