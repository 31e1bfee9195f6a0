import { drop, endpoint, maglev, middlebox, prefixes, service, u8 } from "zeta";
import { nat44 } from "../../../examples/nat44/service.ts";
import { marker } from "../../../examples/qos-marker/service.ts";
import { firewall } from "../../../examples/stateful-firewall/service.ts";

/** Connections to some addresses are spread over backends, all others go on. */
const balancer = middlebox("balancer", {
  config: {
    four: prefixes({ of: u8, max: 16 }),
    six: prefixes({ of: u8, max: 16 }),
    backends4: maglev({ of: endpoint, max: 16 }),
    backends6: maglev({ of: endpoint, max: 16 }),
  },
  decide(flow, { config: { four, six, backends4, backends6 } }) {
    const is4 = four.has(flow.destination);
    if (!is4 && !six.has(flow.destination)) return flow.forward();
    const backend = is4 ? backends4.pick(flow.hash()) : backends6.pick(flow.hash());
    return backend === null ? drop("no backend") : flow.rewrite({ destination: backend });
  },
});

export default service("gateway", { chain: [marker, firewall, balancer, nat44], listen: "all" });
