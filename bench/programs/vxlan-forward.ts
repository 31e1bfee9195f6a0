/** A packet of an overlay on its way to a host: out of its tunnel, parsed, looked up, aged, and into the host's tunnel. */
import { Action, address, map, program, struct, u32 } from "zeta/bpf";
import { hashFlow } from "../../bpf-lib/flow/hash.ts";
import { Arrival, decapsulate } from "../../bpf-lib/overlay/decapsulate.ts";
import { encapsulate, trafficOf } from "../../bpf-lib/overlay/encapsulate.ts";
import { tunnelHop } from "../../bpf-lib/overlay/hop.ts";
import { open } from "../../bpf-lib/packet/open.ts";
import { age } from "../../bpf-lib/route/age.ts";
import { isTooLong } from "../../bpf-lib/route/path-mtu.ts";

const endpoints = map.hash({ key: struct({ address, vni: u32, spare: u32 }), value: struct({ hop: u32 }), max: 1024 });
const hops = map.array({ value: tunnelHop, max: 64 });

export default program("forward", (frame) => {
  const arrived = decapsulate(frame);
  if (arrived.is === Arrival.Plain) return Action.Pass;
  if (arrived.is === Arrival.Fault) return Action.Drop;
  return open(
    frame,
    (parts) => {
      const { source, destination, sourcePort, destinationPort, protocol } = parts;
      const endpoint = endpoints.get({ address: destination, vni: arrived.vni, spare: 0 });
      if (endpoint === null) return Action.Drop;
      const hop = hops.at(endpoint.hop);
      if (hop === null || isTooLong(parts, hop.mtu) || !age(parts)) return Action.Drop;
      const hash = hashFlow(source, destination, sourcePort, destinationPort, protocol);
      return encapsulate(frame, hop, hash, trafficOf(parts)) ? Action.Transmit : Action.Drop;
    },
    () => Action.Drop,
  );
});
