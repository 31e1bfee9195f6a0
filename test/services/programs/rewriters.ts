import { drop, endpoint, middlebox, service, table, u8, u16 } from "zeta";

/** 1: the source, 2: the destination, 3: both, 4: nothing, 5: the flow is dropped. */
const how = { change: u8, source: endpoint, destination: endpoint };

/** Rewrites flows by the port they come from. */
const first = middlebox("first", {
  config: { flows: table({ key: { port: u16 }, of: how, max: 1024 }) },
  decide(flow, { config }) {
    const to = config.flows.lookup({ port: flow.sourcePort });
    if (to === null || to.change === 4) return flow.forward();
    if (to.change === 5) return drop("unwanted");
    if (to.change === 1) return flow.rewrite({ source: to.source });
    if (to.change === 2) return flow.rewrite({ destination: to.destination });
    return flow.rewrite({ source: to.source, destination: to.destination });
  },
  holds: (flow, { config }) => config.flows.has({ port: flow.sourcePort }),
});

/** Rewrites flows by the port they go to, as the first has left it. */
const second = middlebox("second", {
  config: { flows: table({ key: { port: u16 }, of: how, max: 1024 }) },
  decide(flow, { config }) {
    const to = config.flows.lookup({ port: flow.destinationPort });
    if (to === null || to.change === 4) return flow.forward();
    if (to.change === 5) return drop("not there");
    if (to.change === 1) return flow.rewrite({ source: to.source });
    if (to.change === 2) return flow.rewrite({ destination: to.destination });
    return flow.rewrite({ source: to.source, destination: to.destination });
  },
});

export default service("rewriters", { chain: [first, second], listen: "all" });
