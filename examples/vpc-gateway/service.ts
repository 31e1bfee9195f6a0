import { answer, drop, middlebox, type Packet, prefixes, reject, route, service, u8, u32 } from "zeta";

/** What the gateway says to a question whether it is there; all else that is sent to it is dropped. */
const own = (packet: Packet) => {
  if (packet.icmp()?.type !== 8 && packet.icmpv6()?.type !== 128) return drop("to the gateway");
  return answer(packet, (reply) => {
    const four = reply.icmp();
    if (four !== null) four.type = 0;
    const six = reply.icmpv6();
    if (six !== null) six.type = 129;
  });
};

/**
 * Joins the machines of a tenant's network, wherever their hosts are: within a subnet as a switch does, between subnets and
 * with other networks as a router. It remembers nothing: each packet goes where the config of now says.
 */
export const gateway = middlebox("vpc-gateway", {
  config: {
    /** The network's own prefixes, and the number of the subnet that each is part of. */
    subnets: prefixes({ of: u32, max: 1024 }),
    /** Prefixes of other networks that it may send to, and their VNIs. */
    peers: prefixes({ of: u32, max: 1024 }),
    /** The gateway's own addresses. */
    addresses: prefixes({ of: u8, max: 256 }),
  },
  filter(packet, { config: { subnets, peers, addresses } }) {
    const { vni, destination: address } = packet;
    const from = subnets.lookup(packet.source);
    if (from === null) return drop("not from this network");
    if (addresses.has(address)) return own(packet);
    const to = subnets.lookup(address);
    if (to !== null) return route(packet, { vni, address }, { ages: to !== from });
    const peer = peers.lookup(address);
    return peer === null ? reject("no route") : route(packet, { vni: peer, address });
  },
});

export default service("vpc-gateway", { chain: [gateway] });
