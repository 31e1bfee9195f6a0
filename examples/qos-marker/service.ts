import { drop, middlebox, pass, prefixes, service, table, u8, u16 } from "zeta";

const KEEP = 64;

/** Marks packets with a DSCP (RFC 2474): by their source, else by the port that is asked, else as all others. */
export const marker = middlebox("qos-marker", {
  config: {
    /** 0 to 63, or 64: what the sender wrote is kept. */
    sources: prefixes({ of: u8, max: 10_000 }),
    ports: table({ key: { protocol: u8, port: u16 }, of: u8, max: 1024 }),
    others: u8,
  },
  filter(packet, { config }) {
    const { protocol, destinationPort: port } = packet;
    const mark = config.sources.lookup(packet.source) ?? config.ports.lookup({ protocol, port }) ?? config.others;
    if (mark > KEEP) return drop("no such mark");
    if (mark === KEEP) return pass();
    const four = packet.ipv4();
    if (four !== null) four.dscp = mark;
    const six = packet.ipv6();
    if (six !== null) six.dscp = mark;
    return pass();
  },
});

export default service("qos-marker", { chain: [marker] });
