import { answer, drop, middlebox, type Packet, prefixes, reject, route, service, u8, u32 } from "zeta";

const isPing = (packet: Packet): boolean => packet.icmp()?.type === 8 || packet.icmpv6()?.type === 128;

const pong = (packet: Packet) =>
  answer(packet, (reply) => {
    const four = reply.icmp();
    if (four !== null) four.type = 0;
    const six = reply.icmpv6();
    if (six !== null) six.type = 129;
  });

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
    /** The gateway's own addresses. Nobody holds them: what is sent there goes nowhere, but for pings. */
    addresses: prefixes({ of: u8, max: 256 }),
  },
  filter(packet, { config: { subnets, peers, addresses } }) {
    const { vni, destination: address } = packet;
    const from = subnets.lookup(packet.source);
    if (from === null) return drop("not from this network");
    if (isPing(packet) && addresses.has(address)) return pong(packet);
    const to = subnets.lookup(address);
    if (to !== null) return route(packet, { vni, address }, { ages: to !== from });
    const peer = peers.lookup(address);
    return peer === null ? reject("no route") : route(packet, { vni: peer, address });
  },
});

export default service("vpc-gateway", { chain: [gateway] });
