/** What stages have in common: the record of the packet in hand, and the packet parsed again, since tail calls carry nothing over. */
import { Action, type Frame } from "zeta/bpf";
import { type Family, withFamily } from "../flow/table.ts";
import { open, type Parts } from "../packet/open.ts";
import { reopen } from "../packet/reopen.ts";
import { type Call, zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

/** Drops a packet of the service, for a reason of the node's list. */
export const refused = (call: Call, reason: number): Action => {
  countNodeDrop(call.service, reason);
  return Action.Drop;
};

/** After another CPU has ended the flow that the packet followed: it is looked for again, as often as tail calls allow. */
export const lookAgain = (call: Call): Action => {
  zeta_node_stages.call(Stage.Forward);
  return refused(call, because.changed());
};

/** A stage that needs the record alone. */
export const withCall =
  (use: (call: Call, frame: Frame) => Action) =>
  (frame: Frame): Action => {
    const call = zeta_node_call.at(0);
    return call === null ? Action.Aborted : use(call, frame);
  };

/** A stage that goes on with the packet as it was noted. What cannot be read any more is dropped, and counted. */
export const withPacket = (use: (parts: Parts, call: Call, frame: Frame) => Action) =>
  withCall((call, frame) =>
    reopen(
      frame,
      call.packet,
      (parts) => use(parts, call, frame),
      () => refused(call, because.notWhole()),
    ),
  );

/** A stage that a packet may come to with another length than it had: it is parsed anew. */
export const withPacketAnew = (use: (parts: Parts, call: Call, frame: Frame) => Action) =>
  withCall((call, frame) => {
    const unreadable = () => refused(call, because.notWhole());
    return open(frame, (parts) => use(parts, call, frame), unreadable, unreadable);
  });

/** The same, with the tables of the packet's family. */
export const withPacketOfFamily = (use: (parts: Parts, family: Family, call: Call) => Action) =>
  withPacket((parts, call) => withFamily(parts, (family) => use(parts, family, call)));
