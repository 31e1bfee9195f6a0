/** The operation in hand, for the programs that go on with its packet. */
import { Action, type Frame, isIpv4, type u32 as U32, u8, u16 } from "zeta/bpf";
import { FlowState } from "../flow/state.ts";
import { spansNow } from "../flow/time.ts";
import type { Call } from "../node/call.ts";
import { zeta_node_services } from "../node/services.ts";
import { withPacket } from "../node/stage.ts";
import { enterError, Stage, zeta_node_stages } from "../node/stages.ts";
import type { Parts } from "../packet/open.ts";
import { lost, TableFault } from "./faults.ts";
import { type InHand, Operation, zeta_table_operation } from "./operation.ts";
import { sendTo } from "./transmit.ts";
import { stateIn } from "./version.ts";
import { isOver, type Path, pathAt, type View, zeta_table_view } from "./view.ts";

/** A packet, the operation that it came with or leaves with, and the view that this node acts by. */
export interface Turn {
  readonly frame: Frame;
  readonly parts: Parts;
  readonly call: Call;
  readonly hand: InHand;
  readonly view: View;
}

/** Goes on with the operation in hand; drops the packet while the node has no view that it may act by. */
export const inTurn = (parts: Parts, call: Call, use: (turn: Turn) => Action): Action => {
  const hand = zeta_table_operation.at(0);
  const view = zeta_table_view.at(0);
  if (hand === null || view === null) return Action.Aborted;
  const mayAct = view.self !== 0 && !isOver(view.until, spansNow());
  return !mayAct ? lost(TableFault.View) : use({ frame: parts.frame, parts, call, hand, view });
};

/** A stage of a node in a cluster. */
export const withTurn = (use: (turn: Turn) => Action) => withPacket((parts, call) => inTurn(parts, call, use));

/** Whether this node has the service. What another has decided for one that is not here is not kept. */
export const hasService = (index: U32): boolean => {
  const service = zeta_node_services.at(index);
  return service !== null && service.generation !== 0;
};

/** Drops an operation for a place of the path that is not this node's. */
export const misplaced = ({ view }: Turn, path: Path | null): Action => {
  if (path === null) return lost(TableFault.Chain);
  const { members } = path;
  for (const member of members) if (member === view.self) return lost(TableFault.Place);
  return lost(TableFault.Chain);
};

/** Back to the forwarder that the packet came to, with nothing but what is said by `operation`. */
export const answer = ({ frame, hand }: Turn, operation: U32): Action => {
  hand.of.operation = u8(operation);
  return sendTo(frame, hand, hand.of.forwarder);
};

/** A packet that has come back goes on as the ICMP error that it is: if its flow was found, that stands here now. */
export const errorAsked = ({ parts, call }: Turn): Action => {
  call.asked = 1;
  enterError(parts, call);
  return lost(TableFault.Role);
};

/** To the member at a place of the bucket's chain. */
export const sendAlong = ({ frame, hand }: Turn, path: Path, place: U32, operation: U32): Action => {
  if (place >= path.length) return lost(TableFault.Role);
  hand.of.operation = u8(operation);
  hand.of.place = u8(place);
  return sendTo(frame, hand, path.members[(place & 7) as 0]);
};

/** On a head: the packet's flow stands in this bucket, and is decided by its head, which may be this node too: then by `use`. */
export const decideIn = (turn: Turn, bucket: U32, use: () => Action): Action => {
  const { hand, view } = turn;
  const path = pathAt(view.epoch, bucket);
  if (path === null) return lost(TableFault.Role);
  hand.of.bucket = u16(bucket);
  if (path.members[0] === view.self) return use();
  hand.withEntry = 0;
  return sendAlong(turn, path, 0, Operation.Decide);
};

/** Goes on where a head hears that all of its path know of an end. */
export const enterOver = ({ entry }: InHand): void =>
  zeta_node_stages.call(isIpv4(entry.source) ? Stage.Over4 : Stage.Over6);

/** That there is no flow, and none comes to be by this packet: nothing is stored for it. */
export const isRefusal = (operation: U32): boolean => operation === Operation.Refuse || operation === Operation.Nobody;

/** On a head: the packet is refused, when all of the path have let that pass (docs/decisions/0104-refusals-go-along-the-path.md). */
export const refuseAlong = (turn: Turn, operation: U32): Action => {
  turn.hand.of.operation = u8(operation);
  return goAlong(turn);
};

/**
 * What stands here, and is in hand as an entry, goes to the next of the chain, and from the last of it to the forwarder: no
 * packet leaves before all of them have its decision, nor is one refused. What is brought goes the same way, and the end of it is told.
 * That a flow has ended is for its head to know first (over.ts).
 */
export const goAlong = ({ frame, hand, view }: Turn): Action => {
  const path = pathAt(view.epoch, hand.of.bucket);
  if (path === null) return lost(TableFault.Role);
  const next: U32 = hand.of.place + 1;
  const was: U32 = hand.of.operation;
  const refuses = isRefusal(was);
  const brings = was === Operation.Transfer;
  hand.withEntry = refuses ? 0 : 1;
  let operation: U32 = refuses ? was : brings ? Operation.Stored : Operation.Reply;
  let node: U32 = hand.of.forwarder;
  if (next < path.length) {
    operation = refuses || brings ? was : Operation.Update;
    node = path.members[(next & 7) as 0];
    hand.of.place = u8(next);
  } else if (!refuses && !brings && stateIn(hand.entry.version) === FlowState.Ended) {
    operation = Operation.Over;
    node = path.members[0];
    hand.of.place = 0;
    // A path of its head alone.
    if (node === view.self) enterOver(hand);
  }
  hand.of.operation = u8(operation);
  return sendTo(frame, hand, node);
};
