/** Translates every packet into the other family, with the ends it is told. What is refused passes, its reason noted. */
import { Action, address, EtherType, map, program, struct, u16, u32 } from "zeta/bpf";
import { open, type Parts } from "../../../bpf-lib/packet/open.ts";
import { wordsOf } from "../../../bpf-lib/packet/words.ts";
import { toIpv4 } from "../../../bpf-lib/translate/to-ipv4.ts";
import { toIpv6 } from "../../../bpf-lib/translate/to-ipv6.ts";

const ends = map.array({
  value: struct({ source: address, destination: address, sourcePort: u16, destinationPort: u16 }),
  max: 1,
});
/** Why the last one was refused, and what the parts of the last translated one say. */
const told = map.array({
  value: struct({ why: u32, source: address, destination: address, transportAt: u32, fragmentAt: u32 }),
  max: 1,
});
const BOTH = 3;

export default program("translate", (frame) =>
  open(
    frame,
    (parts) => {
      const wish = ends.at(0);
      const note = told.at(0);
      if (wish === null || note === null) return Action.Aborted;
      const to = {
        change: BOTH,
        source: wordsOf(wish.source, wish.sourcePort),
        destination: wordsOf(wish.destination, wish.destinationPort),
      };
      const use = (made: Parts): Action => {
        note.why = 0;
        note.source = made.source;
        note.destination = made.destination;
        note.transportAt = made.transportAt;
        note.fragmentAt = made.fragmentAt;
        return Action.Transmit;
      };
      const refuse = (why: u32): Action => {
        note.why = why;
        return Action.Pass;
      };
      return parts.type === EtherType.Ipv4 ? toIpv6(parts, to, use, refuse) : toIpv4(parts, to, use, refuse);
    },
    () => Action.Drop,
  ),
);
