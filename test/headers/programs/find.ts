/** Finds what lies at no fixed place: the options of IPv4, an option of TCP, and the payload. */
import { Action, type Cursor, map, type Of, openPacket, program, struct, u8, u32, variable } from "zeta/bpf";

const place = struct({ found: u8, first: u8, at: u32, length: u32 });
const places = map.array({ value: struct({ ipv4Options: place, tcpOption: place, payload: place }), max: 1 });
/** The TCP option to look for, and the payload's part to ask for. */
const wanted = variable(struct({ kind: u8, offset: u32, length: u32 }), { kind: 0, offset: 0, length: 0 });

const note = (to: Of<typeof place>, cursor: Cursor | null): void => {
  if (cursor === null) return;
  to.found = 1;
  to.at = cursor.position;
  to.length = cursor.remaining;
  to.first = cursor.peek(u8) ?? 0;
};

export default program("find", (frame) =>
  openPacket(
    frame,
    (packet) => {
      const to = places.at(0);
      if (to === null) return Action.Drop;
      const ip4 = packet.ipv4();
      if (ip4 !== null) note(to.ipv4Options, ip4.options());
      const tcp = packet.tcp();
      if (tcp !== null) note(to.tcpOption, tcp.option(wanted.value.kind));
      note(to.payload, packet.payload(wanted.value.offset, wanted.value.length));
      return Action.Pass;
    },
    () => Action.Transmit,
  ),
);
