import { address, answer, drop, middlebox, pass, prefixes, service, type u32 } from "zeta";

/**
 * Answers by the port that is asked: TCP 80 with a SYN-ACK, 81 with options kept, UDP 7 as it came, 9 from elsewhere; echoes
 * by a reply of another identifier.
 */
const answering = middlebox("answering", {
  config: { closed: prefixes({ of: {}, max: 4 }) },
  filter(packet, { config }) {
    if (config.closed.has(packet.source)) return drop("closed");
    const tcp = packet.tcp();
    if (tcp?.opens && packet.destinationPort === 80) {
      const next: u32 = tcp.sequence + 1;
      return answer(packet, (reply) => {
        const to = reply.tcp();
        if (to === null) return;
        to.ack = true;
        to.ece = false;
        to.cwr = false;
        to.acknowledgement = next;
        to.sequence = 0x1234_5678;
        to.window = 4096;
        to.keepMss(1400);
      });
    }
    if (tcp !== null && packet.destinationPort === 81)
      return answer(packet, (reply) => {
        const to = reply.tcp();
        if (to === null) return;
        to.syn = false;
        to.rst = true;
        to.psh = true;
        to.urg = true;
        to.fin = true;
        to.keepMss(0);
      });
    if (packet.destinationPort === 7) return answer(packet);
    if (packet.destinationPort === 9)
      return answer(packet, (reply) => {
        const udp = reply.udp();
        if (udp !== null) udp.sourcePort = 99;
        reply.source = address("192.0.2.9");
      });
    if (packet.icmp()?.type === 8 || packet.icmpv6()?.type === 128)
      return answer(packet, (reply) => {
        const echo = reply.icmp();
        if (echo !== null) {
          echo.type = 0;
          echo.identifier = 0x4321;
        }
        const echo6 = reply.icmpv6();
        if (echo6 !== null) {
          echo6.type = 129;
          echo6.identifier = 0x4321;
        }
      });
    return pass();
  },
});

export default service("answering", { chain: [answering] });
