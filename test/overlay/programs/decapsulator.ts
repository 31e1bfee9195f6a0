import { Action, address, map, program, struct, u32, u64 } from "zeta/bpf";
import { Arrival, decapsulate } from "../../../bpf-lib/overlay/decapsulate.ts";

/** What was said of the last packet that came out of a tunnel, and how many did not, by fault. */
const arrivals = map.array({ value: struct({ from: address, vni: u32, kind: u32 }), max: 1 });
const faults = map.array({ value: struct({ count: u64 }), max: 16 });

export default program("decapsulator", (frame) => {
  const arrived = decapsulate(frame);
  if (arrived.is === Arrival.Plain) return Action.Pass;
  if (arrived.is === Arrival.Fault) {
    const fault = faults.at(arrived.fault);
    if (fault !== null) fault.count += 1n;
    return Action.Drop;
  }
  arrivals.set(0, { from: arrived.from, vni: arrived.vni, kind: arrived.kind });
  return Action.Transmit;
});
