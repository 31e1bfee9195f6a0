/** Writes the addresses and ports it is told to write, through the packet and through its views, ports first or last. */
import { Action, address, map, openPacket, program, struct, u8, u16, u32 } from "zeta/bpf";

const wish = struct({
  /** A bit for each field, in the order of those below. */
  fields: u32,
  /** How often everything is written. */
  rounds: u32,
  portsFirst: u8,
  source: address,
  destination: address,
  sourcePort: u16,
  destinationPort: u16,
});
const wishes = map.array({ value: wish, max: 1 });
/** What the views read right after writing. */
const after = map.array({
  value: struct({ source: address, destination: address, sourcePort: u16, destinationPort: u16 }),
  max: 1,
});

export default program("edit_ends", (frame) =>
  openPacket(
    frame,
    (packet) => {
      const to = wishes.at(0);
      const read = after.at(0);
      if (to === null || read === null) return Action.Drop;
      const has = (bit: u32): boolean => (to.fields & (1 << bit)) !== 0;
      const ports = (): void => {
        const tcp = packet.tcp();
        const udp = packet.udp();
        if (tcp !== null) {
          if (has(2)) tcp.sourcePort = to.sourcePort;
          if (has(3)) tcp.destinationPort = to.destinationPort;
        } else if (udp !== null) {
          if (has(2)) udp.sourcePort = to.sourcePort;
          if (has(3)) udp.destinationPort = to.destinationPort;
        }
      };
      for (let round = 0; round < 2; round++) {
        if (round >= to.rounds) break;
        if (to.portsFirst === 1) ports();
        if (has(0)) packet.source = to.source;
        if (has(1)) packet.destination = to.destination;
        if (to.portsFirst === 0) ports();
      }
      read.source = packet.source;
      read.destination = packet.destination;
      read.sourcePort = packet.sourcePort;
      read.destinationPort = packet.destinationPort;
      return Action.Pass;
    },
    () => Action.Transmit,
  ),
);
