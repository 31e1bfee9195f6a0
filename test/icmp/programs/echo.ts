/** Puts endpoints at the ends of the packet, after noting the ports that it was opened with. */
import { Action, address, map, program, struct, u16, u32 } from "zeta/bpf";
import { open } from "../../../bpf-lib/packet/open.ts";
import { putEnds } from "../../../bpf-lib/packet/rewrite.ts";
import { wordsOf } from "../../../bpf-lib/packet/words.ts";

const wishes = map.array({
  value: struct({ change: u32, source: address, destination: address, sourcePort: u16, destinationPort: u16 }),
  max: 1,
});
const seen = map.array({ value: struct({ sourcePort: u16, destinationPort: u16 }), max: 1 });

export default program("echo", (frame) =>
  open(
    frame,
    (parts) => {
      const to = wishes.at(0);
      const ports = seen.at(0);
      if (to === null || ports === null) return Action.Aborted;
      ports.sourcePort = parts.sourcePort;
      ports.destinationPort = parts.destinationPort;
      putEnds(parts, {
        change: to.change,
        source: wordsOf(to.source, to.sourcePort),
        destination: wordsOf(to.destination, to.destinationPort),
      });
      return Action.Pass;
    },
    () => Action.Drop,
  ),
);
