/** A service that takes its clients' handshakes upon itself, and packets of a connection by way of it. */
import { dissect, listFields, type Packet, type TcpConversation, tcp } from "zeta/testing";
import type { Cluster } from "../kit/cluster/cluster.ts";

/** What every client of the program is told as the beginning of its server's numbers. */
export const COOKIE = 0xffff_fff0;
export const SERVER = 7_000_000;
export const proxy = {
  source: new URL("../services/programs/proxy.ts", import.meta.url),
  config: { "mover.to": { "10.1.0.0/16": "10.9.0.1:8080", "2001:db8:1::/48": "[2001:db8:9::1]:8080" } },
};

export const FAMILIES = [
  ["IPv4", tcp("10.0.0.7:40000", "10.1.0.1:80"), tcp("10.9.0.1:8080", "10.0.0.7:40000")],
  ["IPv6", tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80"), tcp("[2001:db8:9::1]:8080", "[2001:db8::7]:40000")],
] as const;
export const [, client, server] = FAMILIES[0];

/** "syn ack 7000000 1001": flags, number and acknowledgement of the packet that left; or what became of it. */
export function sentBy(cluster: Cluster, forwarder: number, packet: Packet): string {
  const [one] = cluster.send(forwarder, packet.bytes);
  if (one === undefined || one.how !== "sent") return one?.how ?? "nothing";
  const fields = new Map(listFields(dissect(one.frame)).map(({ path, value }) => [path, value]));
  return ["flags", "sequence", "acknowledgement"].map((name) => fields.get(`tcp.${name}`)).join(" ");
}

export const ackOf = (from: TcpConversation, sequence = 1001): Packet =>
  from.ack({ tcp: { sequence, acknowledgement: (COOKIE + 1) >>> 0 } });
export const synAckOf = (from: TcpConversation, to = 1001, sequence = SERVER): Packet =>
  from.synAck({ tcp: { sequence, acknowledgement: to } });
export const dataOf = (from: TcpConversation, sequence = SERVER + 1): Packet =>
  from.payload("200", { tcp: { sequence, acknowledgement: 1001 } });
export const PROBE = `ack ${COOKIE} 1001`;
