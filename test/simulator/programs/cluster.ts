/** Clusters of the product's own programs, as an implementation that the simulator runs. */
import { OUTSIDE as OUT } from "../../kit/cluster/cluster.ts";
import type { Plan } from "../plan.ts";
import type { Implementation, Packet, Release } from "../wire.ts";
import type { Programs } from "./compiled.ts";
import { decisionAt, type Ends, endsOf, isAt, networkOf, poolAt, seen, tenantOf, toFrame } from "./frames.ts";
import { type Body, ProgramNode } from "./node.ts";

/** Ports of different tenants' pools are different ports, which they need not be. */
const portIn = (tenant: 0 | 1, port: number): number => tenant * 0x10000 + port;

/** For one history: it remembers the packets of it. */
export function interpreted({ flows, tables, first }: Plan, programs: Programs): Implementation<Body> {
  const nodes = [...tables, ...first.forwarders];
  const ends: readonly Ends[] = flows.map(endsOf);
  const packets: Packet[] = [];
  // What nobody's packet caused ends in other bytes.
  const told = (number: number): string => {
    const packet = packets[number];
    return packet === undefined
      ? "of the node's own"
      : `${packet.kind} of flow ${packet.flow.index}, life ${packet.life}`;
  };
  return {
    node: (number, role, to) => new ProgramNode(number, role, to, programs, nodes, told),
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
      const { network, from, to, wrong: fault } = seen(frame);
      const wrong = how === "by a flow-table node" ? "leaves by a flow-table node" : fault;
      const own = ends[packet.flow.index] as Ends;
      const tenant = tenantOf(packet.flow);
      const decided = (isDecided: boolean): string | null =>
        wrong ?? (isDecided ? null : "leaves with ends that nobody decided");
      if (packet.from === "client") {
        if (isAt(to, own.client))
          return { ...refused, wrong: wrong ?? (network === networkOf(packet.flow) ? null : "is refused to another") };
        const pool = poolAt(from);
        const isChanged = pool === null ? isAt(from, own.client) : pool === tenant;
        const decision = decisionAt(to);
        return {
          packet,
          decision: decision ?? -1,
          flow: packet.flow.index,
          port: pool === null ? 0 : portIn(tenant, from.port),
          how: "leaves",
          wrong: decided(isChanged && decision !== null && network === 0),
        };
      }
      if (decisionAt(to) !== null) return { ...refused, wrong };
      const flow = flows.findIndex((one, at) => networkOf(one) === network && isAt((ends[at] as Ends).client, to));
      const isFrom = flow !== -1 && isAt(from, (ends[flow] as Ends).service);
      return {
        packet,
        decision: packet.peer,
        flow,
        port: packet.port ?? 0,
        how: "leaves",
        wrong: decided(isFrom),
      };
    },
  };
}
