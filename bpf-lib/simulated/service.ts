/**
 * The service of simulated clusters. Each decision is another than all before it: the simulator writes `next` anew for each packet,
 * and a decision's backend says which one it was. Over IPv4 the source is a pool's besides, so that flows meet at its ports.
 */
import { address, fromIpv4, ipv4, isIpv4, middlebox, portPool, reject, service, type u16, u32 } from "zeta";

/** 11.0.0.0 */
const BACKENDS = 0x0b00_0000;
const BACKENDS6 = address("2001:db8:b::");
const BACKEND_PORT: u16 = 8080;
/** Connections that any packet of their client's begins are to this port. */
const LENIENT_PORT = 81;

export const simulated = middlebox("simulated", {
  config: { next: u32, external: portPool({ max: 1, mapping: "per-endpoint" }) },
  decide(flow, { config }) {
    const tcp = flow.first.tcp();
    const begins = flow.destinationPort === LENIENT_PORT || tcp?.opens === true;
    if (!begins) return reject("no connection");
    if (!isIpv4(flow.destination)) {
      const address6 = BACKENDS6 | address(config.next);
      return flow.rewrite({ destination: { address: address6, port: BACKEND_PORT } });
    }
    const address4 = fromIpv4(ipv4(BACKENDS | config.next));
    return flow.rewrite({ source: config.external, destination: { address: address4, port: BACKEND_PORT } });
  },
});

export default service("simulated", { chain: [simulated] });
