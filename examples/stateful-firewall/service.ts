import { drop, type Flow, middlebox, type Of, type Packet, Protocol, prefixes, service, struct, u8, u16 } from "zeta";

/** What hosts outside may open at a prefix inside: ports of TCP and UDP, from 0 to 0 for none, and echoes. */
const openings = struct({ firstTcp: u16, lastTcp: u16, firstUdp: u16, lastUdp: u16, ping: u8 });
type Openings = Of<typeof openings>;

const isEcho = (packet: Packet): boolean => packet.icmp()?.type === 8 || packet.icmpv6()?.type === 128;

/** Routers and neighbours of the link itself (RFC 4861): nothing that was forwarded has this hop limit. */
const isOfTheLink = (packet: Packet): boolean => {
  const type = packet.icmpv6()?.type ?? 0;
  return type >= 133 && type <= 136 && packet.ipv6()?.hopLimit === 255;
};

const isWithin = (port: u16, first: u16, last: u16): boolean => port !== 0 && port >= first && port <= last;

/** Whether something is open at the flow's destination for whoever asks. */
const isOpen = (flow: Flow, rule: Openings | null): boolean => {
  if (rule === null) return false;
  if (flow.protocol === Protocol.Tcp) return isWithin(flow.destinationPort, rule.firstTcp, rule.lastTcp);
  if (flow.protocol === Protocol.Udp) return isWithin(flow.destinationPort, rule.firstUdp, rule.lastUdp);
  return rule.ping === 1;
};

/**
 * Two zones, either family. Hosts inside may open flows to anywhere, those outside only what is open; answers follow their
 * flow. A connection begins with its SYN, and ICMP with a question.
 */
export const firewall = middlebox("firewall", {
  config: { inside: prefixes({ of: u8, max: 4096 }), open: prefixes({ of: openings, max: 65_536 }) },
  decide(flow, { config: { inside, open } }) {
    const { first } = flow;
    if (isOfTheLink(first)) return flow.forward();
    const tcp = first.tcp();
    if (tcp !== null && !tcp.opens) return drop("no connection");
    if (tcp === null && first.udp() === null && !isEcho(first)) return drop("protocol");
    return inside.has(flow.source) || isOpen(flow, open.lookup(flow.destination)) ? flow.forward() : drop("not open");
  },
  holds: (flow, { config: { inside, open } }) => inside.has(flow.source) || isOpen(flow, open.lookup(flow.destination)),
});

export default service("stateful-firewall", { chain: [firewall], listen: "all" });
