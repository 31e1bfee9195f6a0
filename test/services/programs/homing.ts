import { address, binding, drop, endpoint, middlebox, service, u8, u16 } from "zeta";

/** Clients keep the place that their first flow was sent to, whatever the config says later. */
const homing = middlebox("homing", {
  config: { place: endpoint },
  state: {
    homes: binding({ key: { client: address, protocol: u8 }, of: endpoint, max: 100 }),
    ports: binding({ key: address, of: { last: u16 }, max: 100 }),
  },
  decide(flow, { config, state }) {
    const key = { client: flow.source, protocol: flow.protocol };
    const home = state.homes.get(key);
    if (home !== null)
      return state.ports.bind(flow.rewrite({ destination: home }), flow.source, { last: flow.sourcePort });
    const decision = flow.rewrite({ destination: config.place });
    return flow.sourcePort === 1 ? decision : state.homes.bind(decision, key, config.place);
  },
});

/** Decides after it: flows to port 9 come to nothing. */
const refusing = middlebox("refusing", {
  decide: (flow) => (flow.destinationPort === 9 ? drop("nine") : flow.forward()),
});

export default service("homing", { chain: [homing, refusing], listen: "all" });
