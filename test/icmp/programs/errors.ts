/** Translates ICMP errors along the flows in a table; errors without one are dropped, everything else passes. */
import { Action, address, map, program, struct, u8, u16, u32 } from "zeta/bpf";
import { embeddedKey, isError } from "../../../bpf-lib/icmp/embedded.ts";
import { translateError } from "../../../bpf-lib/icmp/translate-error.ts";
import { open } from "../../../bpf-lib/packet/open.ts";
import { wordsOf } from "../../../bpf-lib/packet/words.ts";

const ends = { source: address, destination: address, sourcePort: u16, destinationPort: u16 };
const flows = map.hash({ key: struct({ ...ends, protocol: u8 }), value: struct({ ...ends, change: u32 }), max: 16 });
/** Errors that were of no flow. */
const lost = map.array({ value: struct({ unread: u32, unknown: u32 }), max: 1 });

export default program("errors", (frame) =>
  open(
    frame,
    (parts) => {
      const counts = lost.at(0);
      if (counts === null) return Action.Aborted;
      if (!isError(parts)) return Action.Pass;
      const quote = embeddedKey(parts);
      if (quote === null) {
        counts.unread += 1;
        return Action.Drop;
      }
      const { source, destination, sourcePort, destinationPort, protocol } = quote;
      const flow = flows.get({ source, destination, sourcePort, destinationPort, protocol });
      if (flow === null) {
        counts.unknown += 1;
        return Action.Drop;
      }
      translateError(parts, quote, {
        change: flow.change,
        source: wordsOf(flow.source, flow.sourcePort),
        destination: wordsOf(flow.destination, flow.destinationPort),
      });
      return Action.Transmit;
    },
    () => Action.Pass,
  ),
);
