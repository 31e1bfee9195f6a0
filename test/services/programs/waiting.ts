/** What a 'complete' hook says of a flow that waits, written down for the test. */
import type { PendingFlow } from "zeta";
import { Action, map, openPacket, program, struct, u16, u32 } from "zeta/bpf";
import { pendingFlowOf } from "../../../bpf-lib/flow/flow.ts";
import { inside } from "../../../sdk/middlebox/internal.ts";

export const said = map.array({ value: struct({ kind: u32, shift: u32, change: u32, note: u32, port: u16 }), max: 1 });

const complete = (flow: PendingFlow) => {
  const tcp = flow.reply.tcp();
  if (tcp === null || !tcp.syn || !tcp.ack) return flow.wait();
  return flow.complete({ sequence: flow.note - tcp.sequence });
};

export default program("waiting", (frame) =>
  openPacket(
    frame,
    (reply) => {
      const { source, destination, sourcePort, destinationPort, protocol } = reply;
      const key = { source, destination, sourcePort, destinationPort, protocol };
      const decided = {
        source: { address: source, port: sourcePort },
        destination: { address: destination, port: destinationPort },
      };
      const flow = pendingFlowOf(key, { note: 5, reply, decided });
      const { kind, shift, change, note } = inside(complete(flow as unknown as PendingFlow));
      said.set(0, { kind, shift, change, note, port: flow.decided.source.port });
      return Action.Pass;
    },
    () => Action.Drop,
  ),
);
