/**
 * Packets of a flow that go no further, as they were sent: too long for their hop, or without a hop left to live. Senders are
 * told, by the way that they sent; each is counted.
 */
import { Action, EtherType, program } from "zeta/bpf";
import { complain } from "../icmp/errors.ts";
import { timeExceeded } from "../icmp/kinds.ts";
import type { Parts } from "../packet/open.ts";
import { zeta_node_hops } from "../route/hop.ts";
import { isTooLong, mayNotBeCut, tellLength } from "../route/path-mtu.ts";
import { Point } from "../trace/record.ts";
import { step } from "../trace/trace.ts";
import type { Call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { zeta_node_own } from "./own.ts";
import { sendBack } from "./reach.ts";
import { withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const say = (parts: Parts, call: Call): Action => {
  step(Point.Obstacle, call);
  const hop = zeta_node_hops.at(call.hop);
  const { source } = parts;
  // The hop takes so many bytes of what the packet would become.
  const { growth } = call;
  const mtu = hop === null || hop.mtu === 0 ? 0 : hop.mtu - growth;
  call.growth = 0;
  const long = mtu !== 0 && isTooLong(parts, mtu);
  const own = zeta_node_own.get(call.vni);
  const from = own === null ? 0n : parts.type === EtherType.Ipv4 ? own.four : own.six;
  // The host answers for what comes by its own interfaces, when the node is not told to.
  if (!long && from === 0n && call.vni === 0) return Action.Pass;
  countNodeDrop(call.service, long ? because.tooLong() : because.expired());
  // A translator should cut what grows (RFC 7915 section 4), and cannot: whoever listens sends smaller pieces from now on.
  if (long && growth === 0 && !mayNotBeCut(parts)) return Action.Drop;
  return complain(parts, long ? tellLength(parts, mtu) : timeExceeded, from, call.vni)
    ? sendBack(call, source)
    : Action.Drop;
};

export const zeta_obstacle = program("zeta_obstacle", withPacket(say), {
  slot: { table: zeta_node_stages, index: Stage.Obstacle },
});
