import { middlebox, portPool, service } from "zeta";

/** Gives all flows a port of the pool, and holds to nothing. */
const mapping = middlebox("mapping", {
  config: { external: portPool({ max: 4, mapping: "per-endpoint" }) },
  decide: (flow, { config: { external } }) =>
    flow.rewrite(external.has(flow.destination) ? { destination: external } : { source: external }),
});

export default service("mapping", { chain: [mapping], listen: "all" });
