import { endpoint, middlebox, service } from "zeta";

const mover = middlebox("mover", {
  config: { to: endpoint },
  decide: (flow, { config }) => flow.rewrite({ destination: config.to }),
  holds: (flow, { config }) => flow.decided.destination.address === config.to.address,
});
export default service("mover", { chain: [mover], listen: "all" });
