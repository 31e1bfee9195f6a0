import { address, drop, middlebox, pass, rateLimiter, service } from "zeta";

/** Two limits of the same size: one of the service as a whole, one of this node. */
const limiting = middlebox("limiting", {
  state: {
    own: rateLimiter({ key: address, max: 100, scope: "node" }),
    first: rateLimiter({ key: address, max: 100, scope: "service" }),
    second: rateLimiter({ key: address, max: 100, scope: "service" }),
  },
  filter(packet, { state }) {
    const limit = { perSecond: 10n, burst: 40n };
    const { source, destinationPort } = packet;
    if (destinationPort === 1) return state.own.allow(source, limit) ? pass() : drop("own");
    if (destinationPort === 2) return state.first.allow(source, limit) ? pass() : drop("first");
    return state.second.allow(source, limit) ? pass() : drop("second");
  },
});

export default service("shared-limit", { chain: [limiting] });
