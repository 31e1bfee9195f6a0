import { address, binding, endpoint, middlebox, portPool, service, u16 } from "zeta";

/** Every client's flow leaves by a port of the pool, and its client is bound to the port that it came from. */
const filling = middlebox("filling", {
  config: { to: endpoint, external: portPool({ max: 4, mapping: "per-endpoint" }) },
  state: { ports: binding({ key: address, of: { port: u16 }, max: 8192 }) },
  decide(flow, { config, state }) {
    const decision = flow.rewrite({ source: config.external, destination: config.to });
    return state.ports.bind(decision, flow.source, { port: flow.sourcePort });
  },
});

export default service("filling", { chain: [filling], listen: "all" });
