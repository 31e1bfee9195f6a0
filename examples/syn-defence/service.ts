import { address, answer, boundedTable, counter, drop, middlebox, pass, reject, secret, service, u32, u64 } from "zeta";
import { clock } from "zeta/bpf";

const PERIOD = 64_000_000_000n; // nanoseconds: a cookie is good for one to two of these
const TRUST = 3600n * 1_000_000_000n;

/**
 * Lets a source open connections once it has shown that it is there: its first SYN is answered by a SYN-ACK that
 * acknowledges what was never sent. Who really sent the SYN answers with a reset that repeats this number (RFC 793, section
 * 3.4), and sends its SYN again. The number is a cookie: nothing is remembered of who does not answer.
 */
export const synDefence = middlebox("syn-defence", {
  config: { key: secret() },
  state: {
    known: boundedTable({ key: { vni: u32, source: address }, of: { since: u64 }, max: 100_000 }),
    challenged: counter(),
    passed: counter(),
  },
  filter(packet, { config: { key }, state }) {
    const tcp = packet.tcp();
    if (tcp === null || !(tcp.opens || tcp.rst)) return pass();
    const { vni, source, destination, sourcePort, destinationPort } = packet;
    const now = clock("coarse");
    const known = state.known.get({ vni, source });
    if (known !== null && now - known.since < TRUST) return pass();

    const period = now / PERIOD;
    if (tcp.opens) {
      const cookie = u32(key.hash(source, destination, sourcePort, destinationPort, period));
      if (cookie === tcp.sequence + 1) return drop("cookie"); // the one number in 2^32 that the client would take
      state.challenged.add(1n);
      return answer(packet, (reply) => {
        const to = reply.tcp();
        if (to === null) return;
        to.ack = true;
        to.ece = false;
        to.cwr = false;
        to.acknowledgement = cookie;
        to.sequence = 0;
        to.keepMss(0);
      });
    }
    for (const age of [0n, 1n])
      for (const under of [key, key.previous]) {
        const cookie = u32(under.hash(source, destination, sourcePort, destinationPort, period - age));
        if (cookie !== tcp.sequence) continue;
        state.known.set({ vni, source }, { since: now });
        state.passed.add(1n);
        return drop("challenge met");
      }
    return pass(); // the reset of a connection that is older than its source's hour
  },
  decide(flow) {
    const tcp = flow.first.tcp();
    return tcp === null || tcp.opens ? flow.forward() : reject("no connection");
  },
});

export default service("syn-defence", { chain: [synDefence], listen: "all" });
