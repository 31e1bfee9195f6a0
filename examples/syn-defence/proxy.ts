import { answer, counter, middlebox, pass, pending, reject, secret, service, u16, u32, type u64 } from "zeta";
import { clock, TcpOption } from "zeta/bpf";

const PERIOD = 64_000_000_000n; // nanoseconds: a cookie is good for one to two of these

// What a cookie tells of its client's SYN: an MSS that is not larger, and whether it permits selective acknowledgements.
const SIZES = [536, 1220, 1300, 1360, 1400, 1440, 1460, 8940];
const SIZE = 7;
const SACK = 8;
const TOLD = SIZE | SACK;

const sizeOf = (told: u32): u16 => {
  let size: u16 = 0;
  SIZES.forEach((each, index) => {
    if (index === (told & SIZE)) size = each;
  });
  return size;
};

/**
 * Opens connections to what stands behind it for clients that have shown that they are there: a SYN is answered by a SYN-ACK
 * whose number is a cookie, and whoever acknowledges that has its connection opened behind. Nothing is remembered of who
 * does not. The server's own numbers are shifted to those that its client was told.
 */
export const synProxy = middlebox("syn-proxy", {
  config: { key: secret(), mss: u16 },
  state: { challenged: counter() },
  filter(packet, { config: { key, mss }, state }) {
    const tcp = packet.tcp();
    // A SYN into a connection that stands is its server's to answer (RFC 5961 section 4).
    if (tcp === null || !tcp.opens || packet.stands) return pass();
    const { source, destination, sourcePort, destinationPort } = packet;
    const { sequence } = tcp;
    const most: u32 = tcp.option(TcpOption.MaximumSegment)?.take(u16) ?? 536;
    const sack = tcp.headerLength >= 28 && tcp.option(TcpOption.SackPermitted) !== null;
    let told: u32 = sack ? SACK : 0;
    SIZES.forEach((size, index) => {
      if (size <= most) told = (told & SACK) | index;
    });
    const hash = u32(
      key.hash(source, destination, sourcePort, destinationPort, sequence, told, clock("coarse") / PERIOD),
    );
    state.challenged.add(1n);
    return answer(packet, (reply) => {
      const to = reply.tcp();
      if (to === null) return;
      to.ack = true;
      to.ece = false;
      to.cwr = false;
      to.acknowledgement = sequence + 1;
      to.sequence = (hash & ~TOLD) | told;
      to.window = 1; // nothing to lose before the server is there; and a probe of it has the number of the ACK
      to.keepMss(mss, sack);
    });
  },
  decide(flow, { config: { key } }) {
    const tcp = flow.first.tcp();
    if (tcp === null) return flow.forward();
    const { source, destination, sourcePort, destinationPort } = flow.first;
    const cookie: u32 = tcp.acknowledgement - 1;
    const told = cookie & TOLD;
    const first: u32 = tcp.sequence - 1;
    const period: u64 = clock("coarse") / PERIOD;
    for (const age of [0n, 1n])
      for (const under of [key, key.previous]) {
        const hash = u32(under.hash(source, destination, sourcePort, destinationPort, first, told, period - age));
        if (((hash ^ cookie) & ~TOLD) !== 0) continue;
        return pending(flow.forward(), { note: cookie, mss: sizeOf(told), sack: (told & SACK) !== 0 });
      }
    return reject("no connection");
  },
  complete(flow) {
    const tcp = flow.reply.tcp();
    if (tcp === null) return flow.wait();
    if (tcp.rst) return flow.complete({ sequence: flow.note + 1 - tcp.sequence }); // refused, and its client hears of it
    if (tcp.syn) return flow.complete({ sequence: flow.note - tcp.sequence });
    return reject("another connection"); // that the server has not given up: it now does, and the client's next packet asks again
  },
});

export default service("syn-proxy", { chain: [synProxy], listen: "all" });
