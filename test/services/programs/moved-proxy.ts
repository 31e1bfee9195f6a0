/** A proxy before what its config says; decisions hold as long as that says the same. */
import { endpoint, middlebox, service } from "zeta";
import { proxy } from "./proxy.ts";

const mover = middlebox("mover", {
  config: { to: endpoint },
  decide: (flow, { config }) => flow.rewrite({ destination: config.to }),
  holds: (flow, { config }) => flow.decided.destination.address === config.to.address,
});
export default service("proxy", { chain: [proxy, mover], listen: "all" });
