/** Translates every ICMP error into the other family, with the ends it is told. What is refused passes, its reason noted. */
import { Action, address, EtherType, map, program, struct, u16, u32 } from "zeta/bpf";
import { embeddedKey } from "../../../bpf-lib/icmp/embedded.ts";
import { open } from "../../../bpf-lib/packet/open.ts";
import { wordsOf } from "../../../bpf-lib/packet/words.ts";
import { errorToIpv4 } from "../../../bpf-lib/translate/error-to-ipv4.ts";
import { errorToIpv6 } from "../../../bpf-lib/translate/error-to-ipv6.ts";

const ends = map.array({
  value: struct({ source: address, destination: address, sourcePort: u16, destinationPort: u16 }),
  max: 1,
});
const told = map.array({ value: struct({ why: u32 }), max: 1 });
const BOTH = 3;

export default program("errors", (frame) =>
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
      const quote = embeddedKey(parts);
      if (quote === null) return Action.Drop;
      const use = (): Action => Action.Transmit;
      const refuse = (why: u32): Action => {
        note.why = why;
        return Action.Pass;
      };
      return parts.type === EtherType.Ipv4
        ? errorToIpv6(parts, quote, to, use, refuse)
        : errorToIpv4(parts, quote, to, use, refuse);
    },
    () => Action.Drop,
  ),
);
