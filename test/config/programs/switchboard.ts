import { address, array, drop, isIpv4, middlebox, pass, prefixes, service, struct, u8, u16 } from "zeta";

/** Looks at a packet in one of three ways, which its site's config chooses once and for all. */
const switchboard = middlebox("switchboard", {
  config: {
    mode: u8,
    limits: struct({ first: u16, last: u16, gate: address }),
    only: address,
    blocked: prefixes({ of: u8, max: 16 }),
    pair: struct({ ports: array(u16, 2) }),
  },
  filter(packet, { config }) {
    if (config.blocked.has(packet.source)) return drop("blocked");
    if (!isIpv4(packet.source)) return packet.source === config.only ? pass() : drop("another");
    if (config.mode === 1) return packet.tcp() === null ? pass() : drop("tcp");
    if (config.mode === 2) {
      const udp = packet.udp();
      return udp !== null && udp.length > 100 ? drop("long") : pass();
    }
    const { first, last, gate } = config.limits;
    if (packet.destination === gate) return pass();
    return packet.sourcePort >= first && packet.sourcePort <= last ? pass() : drop("beyond");
  },
});

export default service("switchboard", { chain: [switchboard] });
