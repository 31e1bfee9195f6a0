import { isIpv4, middlebox, portPool, prefixes, service, u8 } from "zeta";

/** The same with a port for each destination: only that one answers, and one port serves many (RFC 4787: address- and port-dependent). */
export const nat44 = middlebox("nat44", {
  config: {
    inside: prefixes({ of: u8, max: 256 }),
    external: portPool({ max: 64, mapping: "per-destination" }),
  },
  decide(flow, { config: { inside, external } }) {
    if (!isIpv4(flow.source)) return flow.forward();
    const destination = external.has(flow.destination) ? { destination: external } : {};
    return flow.rewrite(inside.has(flow.source) ? { source: external, ...destination } : destination);
  },
  holds: (flow, { config: { inside, external } }) =>
    !inside.has(flow.source) || external.has(flow.decided.source.address),
});

export default service("nat44", { chain: [nat44], listen: "all" });
