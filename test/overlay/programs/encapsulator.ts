import { Action, map, program, redirect, struct, u32 } from "zeta/bpf";
import { encapsulate } from "../../../bpf-lib/overlay/encapsulate.ts";
import { tunnelHop } from "../../../bpf-lib/overlay/hop.ts";

const hops = map.array({ value: tunnelHop, max: 1 });
/** What parsing would have found in the packet. */
const found = map.array({ value: struct({ hash: u32, traffic: u32 }), max: 1 });

export default program("encapsulator", (frame) => {
  const hop = hops.at(0);
  const packet = found.at(0);
  if (hop === null || packet === null) return Action.Aborted;
  return encapsulate(frame, hop, packet.hash, packet.traffic) ? redirect(hop.interface) : Action.Drop;
});
