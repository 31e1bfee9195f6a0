/** Writes the fields of views that it is told to write, but for addresses and ports. */
import { Action, mac, map, openPacket, program, struct, u8, u16, u32 } from "zeta/bpf";

const wish = struct({
  /** A bit for each field, in the order of those below. */
  fields: u32,
  ttl: u8,
  dscp: u32,
  ecn: u32,
  identification: u16,
  flowLabel: u32,
  sequence: u32,
  acknowledgement: u32,
  window: u16,
  identifier: u16,
  number: u16,
  sourceMac: mac,
  destinationMac: mac,
  priority: u32,
  dropEligible: u32,
  vlan: u32,
});
const wishes = map.array({ value: wish, max: 1 });

export default program("edit_fields", (frame) =>
  openPacket(
    frame,
    (packet) => {
      const to = wishes.at(0);
      if (to === null) return Action.Drop;
      const has = (bit: u32): boolean => (to.fields & (1 << bit)) !== 0;
      const ip4 = packet.ipv4();
      if (ip4 !== null) {
        if (has(0)) ip4.ttl = to.ttl;
        if (has(1)) ip4.dscp = to.dscp;
        if (has(2)) ip4.ecn = to.ecn;
        if (has(3)) ip4.identification = to.identification;
      }
      const ip6 = packet.ipv6();
      if (ip6 !== null) {
        if (has(0)) ip6.hopLimit = to.ttl;
        if (has(1)) ip6.dscp = to.dscp;
        if (has(2)) ip6.ecn = to.ecn;
        if (has(4)) ip6.flowLabel = to.flowLabel;
      }
      const tcp = packet.tcp();
      if (tcp !== null) {
        if (has(5)) tcp.sequence = to.sequence;
        if (has(6)) tcp.acknowledgement = to.acknowledgement;
        if (has(7)) tcp.window = to.window;
      }
      const echo = packet.icmp();
      if (echo !== null) {
        if (has(8)) echo.identifier = to.identifier;
        if (has(9)) echo.sequence = to.number;
      }
      const echo6 = packet.icmpv6();
      if (echo6 !== null) {
        if (has(8)) echo6.identifier = to.identifier;
        if (has(9)) echo6.sequence = to.number;
      }
      const link = packet.ethernet();
      if (has(10)) link.source = to.sourceMac;
      if (has(11)) link.destination = to.destinationMac;
      const tag = packet.vlan();
      if (tag !== null) {
        if (has(12)) tag.priority = to.priority;
        if (has(13)) tag.dropEligible = to.dropEligible;
        if (has(14)) tag.identifier = to.vlan;
      }
      return Action.Pass;
    },
    () => Action.Transmit,
  ),
);
