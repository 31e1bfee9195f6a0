/** Routes packets to some prefixes, marks those that it routes, and leaves the others to whoever decides. */
import { middlebox, pass, prefixes, route, service, struct, u8, u32 } from "zeta";

const router = middlebox("router", {
  config: { ways: prefixes({ of: struct({ vni: u32, keeps: u8 }), max: 16 }) },
  filter(packet, { config }) {
    const way = config.ways.lookup(packet.destination);
    if (way === null) return pass();
    const four = packet.ipv4();
    if (four !== null) four.dscp = 46;
    const to = { vni: way.vni, address: packet.destination };
    return way.keeps === 1 ? route(packet, to, { ages: false }) : route(packet, to);
  },
});
const forwarder = middlebox("forwarder", { decide: (flow) => flow.forward() });

export default service("router", { chain: [router, forwarder], listen: "all" });
