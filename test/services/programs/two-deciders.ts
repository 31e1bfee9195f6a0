import { address, endpoint, middlebox, service, table, u8, u16, u32 } from "zeta";

/** Says where flows of a protocol are delivered. */
const deliverer = middlebox("deliverer", {
  config: { places: table({ key: { protocol: u8 }, of: { address, vni: u32, direct: u8 }, max: 16 }) },
  decide(flow, { config }) {
    const place = config.places.lookup({ protocol: flow.protocol });
    if (place === null) return flow.forward();
    if (place.direct === 1) return flow.deliver({ vni: place.vni, address: place.address }, { returns: "direct" });
    return flow.deliver({ vni: place.vni, address: place.address });
  },
});

/** Changes the port that flows to a port go to. */
const mover = middlebox("mover", {
  config: { ports: table({ key: { port: u16 }, of: { to: endpoint }, max: 16 }) },
  decide(flow, { config }) {
    const found = config.ports.lookup({ port: flow.destinationPort });
    return found === null ? flow.forward() : flow.rewrite({ destination: found.to });
  },
});

export default service("two-deciders", { chain: [deliverer, mover], listen: "all" });
