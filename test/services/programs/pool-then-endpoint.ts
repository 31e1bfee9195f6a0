import { endpoint, middlebox, portPool, service, table, u8, u16 } from "zeta";

/** Names a pool for either end, or both, by the port that a flow comes from. */
const naming = middlebox("naming", {
  config: { pool: portPool({ max: 4, mapping: "per-endpoint" }) },
  decide(flow, { config: { pool } }) {
    if (flow.sourcePort === 1) return flow.rewrite({ source: pool });
    const to = flow.sourcePort === 2 ? { destination: pool } : {};
    return flow.rewrite(flow.sourcePort === 4 ? to : { source: pool, ...to });
  },
});

/** Changes its mind: an endpoint in the pool's stead. */
const deciding = middlebox("deciding", {
  config: { flows: table({ key: u16, of: { change: u8, source: endpoint, destination: endpoint }, max: 16 }) },
  decide(flow, { config }) {
    const to = config.flows.lookup(flow.sourcePort);
    if (to === null) return flow.forward();
    if (to.change === 1) return flow.rewrite({ source: to.source });
    if (to.change === 2) return flow.rewrite({ destination: to.destination });
    return flow.rewrite({ source: to.source, destination: to.destination });
  },
});

export default service("pool-then-endpoint", { chain: [naming, deciding], listen: "all" });
