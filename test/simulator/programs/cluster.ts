/** Clusters of the product's own programs, as an implementation that the simulator runs. */
import { OUTSIDE as OUT } from "../../kit/cluster/cluster.ts";
import type { Plan } from "../plan.ts";
import type { Implementation, Packet, Release } from "../wire.ts";
import type { Programs } from "./compiled.ts";
import { decisionAt, type Ends, endsOf, isAt, isExternal, seen, toFrame } from "./frames.ts";
import { type Body, ProgramNode } from "./node.ts";

/** For one history: it remembers the packets of it. */
export function interpreted({ flows, tables, first }: Plan, programs: Programs): Implementation<Body> {
  const nodes = [...tables, ...first.forwarders];
  const ends: readonly Ends[] = flows.map(endsOf);
  const packets: Packet[] = [];
  return {
    node: (number, role, to) => new ProgramNode(number, role, to, programs, nodes),
    enter(packet) {
      const number = packets.push(packet) - 1;
      const frame = toFrame(packet, ends[packet.flow.index] as Ends, number);
      return { frame, number, by: OUT, how: null };
    },
    release({ frame, number, how }): Release {
      const packet = packets[number];
      if (packet === undefined) throw new Error("A frame without a packet has left the cluster.");
      const refused = { packet, decision: null, flow: packet.flow.index, port: 0, how: "is refused", wrong: null };
      if (how === "host") return { ...refused, how: "goes to the host: no flow, no service" };
      const { from, to, wrong: fault } = seen(frame);
      const wrong = how === "by a flow-table node" ? "leaves by a flow-table node" : fault;
      const own = ends[packet.flow.index] as Ends;
      if (packet.from === "client") {
        if (isAt(to, own.client)) return { ...refused, wrong };
        const port = isExternal(from) ? from.port : 0;
        const isChanged = port !== 0 || isAt(from, own.client);
        return {
          packet,
          decision: decisionAt(to) ?? -1,
          flow: packet.flow.index,
          port,
          how: "leaves",
          wrong: wrong ?? (isChanged && decisionAt(to) !== null ? null : "leaves with ends that nobody decided"),
        };
      }
      if (decisionAt(to) !== null) return { ...refused, wrong };
      const flow = ends.findIndex(({ client }) => isAt(client, to));
      const isFrom = flow !== -1 && isAt(from, (ends[flow] as Ends).service);
      return {
        packet,
        decision: packet.peer,
        flow,
        port: packet.port ?? 0,
        how: "leaves",
        wrong: wrong ?? (isFrom ? null : "leaves with ends that nobody decided"),
      };
    },
  };
}
