import { address, drop, isIpv4, middlebox, pass, rateLimiter, service, struct, table, u32, u64 } from "zeta";

const limit = { perSecond: u64, burst: u64 };
const NETWORK = address("ffff:ffff:ffff:ffff::");

/** Token buckets: one for each source, and one for each tenant as a whole. Limits are the service's, wherever packets come in. */
export const limiter = middlebox("rate-limiter", {
  config: {
    perSource: struct(limit),
    /** By the tenant's network; a tenant that is not named has no limit of its own. */
    perTenant: table({ key: u32, of: limit, max: 4096 }),
  },
  state: {
    sources: rateLimiter({ key: struct({ vni: u32, source: address }), max: 100_000, scope: "service" }),
    tenants: rateLimiter({ key: u32, max: 4096, scope: "service" }),
  },
  filter({ vni, source }, { config, state }) {
    // An IPv6 host has a /64 of addresses to send from: it is one source.
    const sender = isIpv4(source) ? source : source & NETWORK;
    if (!state.sources.allow({ vni, source: sender }, config.perSource)) return drop("source");
    // Asked last: what one source sends in excess takes nothing from its tenant's others.
    const tenant = config.perTenant.lookup(vni);
    return tenant === null || state.tenants.allow(vni, tenant) ? pass() : drop("tenant");
  },
});

export default service("rate-limiter", { chain: [limiter] });
