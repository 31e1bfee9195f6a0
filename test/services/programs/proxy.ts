/** A SYN proxy without a secret, before a service elsewhere: the numbers that it tells are known to the test. */
import { address, answer, drop, endpoint, middlebox, pass, pending, prefixes, reject, service, u16, u32 } from "zeta";

/** What every client is told as the beginning of its server's numbers. */
export const COOKIE = 0xffff_fff0;

/** Ports of connections whose replies would return elsewhere, or are of the other family. */
export const DIRECT = 90;
export const ACROSS = 91;
const SIX = { address: address("2001:db8:9::9"), port: u16(9) };

export const proxy = middlebox("proxy", {
  filter(packet) {
    const tcp = packet.tcp();
    if (tcp === null || !tcp.opens || packet.stands) return pass();
    const next: u32 = tcp.sequence + 1;
    return answer(packet, (reply) => {
      const to = reply.tcp();
      if (to === null) return;
      to.ack = true;
      to.acknowledgement = next;
      to.sequence = COOKIE;
      to.window = 0;
      to.keepMss(1400);
    });
  },
  decide(flow) {
    const tcp = flow.first.tcp();
    if (tcp === null) return flow.forward();
    if (tcp.acknowledgement !== u32(COOKIE + 1)) return reject("no cookie");
    return pending(flow.forward(), { note: COOKIE, mss: 1360, sack: tcp.window === 5000 });
  },
  complete(flow) {
    const tcp = flow.reply.tcp();
    if (tcp === null) return flow.wait();
    if (tcp.rst) return flow.complete({ sequence: flow.note + 1 - tcp.sequence });
    if (tcp.fin) return drop("ended");
    if (tcp.urg) return reject("urgent");
    return tcp.syn && tcp.ack ? flow.complete({ sequence: flow.note - tcp.sequence }) : flow.wait();
  },
});

/** Where the connections go that were asked of an address; and by their ports, those that cannot wait. */
const mover = middlebox("mover", {
  config: { to: prefixes({ of: endpoint, max: 16 }) },
  decide(flow, { config: { to } }) {
    if (flow.destinationPort === DIRECT)
      return flow.deliver({ vni: 0, address: flow.destination }, { returns: "direct" });
    if (flow.destinationPort === ACROSS) return flow.rewrite({ source: SIX, destination: SIX });
    const backend = to.lookup(flow.destination);
    return backend === null ? flow.forward() : flow.rewrite({ destination: backend });
  },
});

export default service("proxy", { chain: [proxy, mover], listen: "all" });
