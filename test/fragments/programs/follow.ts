/** Notes what each packet is found to be, and drops what must not go on. */
import { Action, map, program, struct, u8, u16, u32 } from "zeta/bpf";
import { Fragment, followFirst } from "../../../bpf-lib/packet/fragments.ts";
import { open } from "../../../bpf-lib/packet/open.ts";

const vni = map.array({ value: u32, max: 1 });
const found = map.array({
  value: struct({ fragment: u32, protocol: u8, sourcePort: u16, destinationPort: u16 }),
  max: 1,
});

export default program("follow", (frame) =>
  open(
    frame,
    (parts) => {
      const to = found.at(0);
      if (to === null) return Action.Aborted;
      const { fragment, protocol, sourcePort, destinationPort } = followFirst(parts, vni.at(0) ?? 0);
      to.fragment = fragment;
      to.protocol = protocol;
      to.sourcePort = sourcePort;
      to.destinationPort = destinationPort;
      return fragment > Fragment.Later ? Action.Drop : Action.Transmit;
    },
    () => Action.Pass,
  ),
);
