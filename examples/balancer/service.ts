import { drop, endpoint, maglev, middlebox, service } from "zeta";

/** Spreads connections over backends by consistent hashing; a connection keeps its backend as long as that is configured. */
export const balancer = middlebox("balancer", {
  config: { backends: maglev({ of: endpoint, max: 1024 }) },
  decide(flow, { config }) {
    const backend = config.backends.pick(flow.hash());
    return backend === null ? drop("no backend") : flow.rewrite({ destination: backend });
  },
  holds: (flow, { config }) => config.backends.has(flow.decided.destination),
});

export default service("balancer", { chain: [balancer] });
