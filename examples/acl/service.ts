import { address, counter, drop, middlebox, pass, prefixes, rateLimiter, service, u16, u64 } from "zeta";

/** Lets in what its rules allow: by source prefix, a range of destination ports; and limits packets per source. */
export const acl = middlebox("acl", {
  config: {
    rules: prefixes({ of: { from: u16, to: u16 }, max: 100_000 }),
    perSecond: u64,
    burst: u64,
  },
  state: {
    sources: rateLimiter({ key: address, max: 100_000, scope: "node" }),
    allowed: counter(),
  },
  filter(packet, { config, state }) {
    const rule = config.rules.lookup(packet.source);
    if (rule === null) return drop("no rule");
    if (packet.destinationPort < rule.from || packet.destinationPort > rule.to) return drop("port");
    if (!state.sources.allow(packet.source, { perSecond: config.perSecond, burst: config.burst })) return drop("rate");
    state.allowed.add(1n);
    return pass();
  },
});

export default service("acl", { chain: [acl] });
