/** Changing addresses and ports in place, with the IP and transport checksums following in one step each. */
import { type Of, Protocol, type u16, type u32, type u64 } from "zeta/bpf";
import type { endpointWords } from "../flow/entry.ts";
import type { Parts } from "./open.ts";
import { changed, updated } from "./sums.ts";

type Words = Of<typeof endpointWords>;

/** Which end of the packet to change. */
export type End = "source" | "destination";

const setPort = (parts: Parts, end: End, port: u16, change: u64): void => {
  const { tcpWords, udpWords } = parts;
  if (tcpWords !== null) {
    const from: u32 = end === "source" ? tcpWords.sourcePort : tcpWords.destinationPort;
    tcpWords.checksum = updated(tcpWords.checksum, change + changed(from, port));
    if (end === "source") tcpWords.sourcePort = port;
    else tcpWords.destinationPort = port;
  } else if (udpWords !== null) {
    const from: u32 = end === "source" ? udpWords.sourcePort : udpWords.destinationPort;
    if (udpWords.checksum !== 0) {
      const next = updated(udpWords.checksum, change + changed(from, port));
      udpWords.checksum = next === 0 ? 0xffff : next;
    }
    if (end === "source") udpWords.sourcePort = port;
    else udpWords.destinationPort = port;
  } else if (parts.icmpWords !== null && parts.protocol === Protocol.Icmpv6) {
    parts.icmpWords.checksum = updated(parts.icmpWords.checksum, change);
  }
};

/** Puts an endpoint, in memory order, at one end of the packet. The family stays. */
export const putEndpoint = (parts: Parts, end: End, to: Words): void => {
  const { ip4Words, ip6Words } = parts;
  if (ip4Words !== null) {
    const from: u32 = end === "source" ? ip4Words.source : ip4Words.destination;
    const change = changed(from, to.address[3]);
    ip4Words.checksum = updated(ip4Words.checksum, change);
    if (end === "source") ip4Words.source = to.address[3];
    else ip4Words.destination = to.address[3];
    setPort(parts, end, to.port, change);
  } else if (ip6Words !== null) {
    const at = end === "source" ? ip6Words.source : ip6Words.destination;
    const change =
      changed(at[0], to.address[0]) +
      changed(at[1], to.address[1]) +
      changed(at[2], to.address[2]) +
      changed(at[3], to.address[3]);
    at[0] = to.address[0];
    at[1] = to.address[1];
    at[2] = to.address[2];
    at[3] = to.address[3];
    setPort(parts, end, to.port, change);
  }
};
