/** A service whose decisions differ from one connection of the same ends to the next, by the sequence number that it begins with. */
import { endpoint, middlebox, reject, service } from "zeta";

export const choice = middlebox("choice", {
  config: { even: endpoint, odd: endpoint },
  decide(flow, { config }) {
    const tcp = flow.first.tcp();
    if (tcp === null || !tcp.opens) return reject("no connection");
    return flow.rewrite({ destination: (tcp.sequence & 1) === 0 ? config.even : config.odd });
  },
});

export default service("by-sequence", { chain: [choice] });
