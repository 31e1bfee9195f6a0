/**
 * What stands on the interfaces while somebody traces: it has the root do its work, with all that comes behind it, and sees
 * what has become of the packet, whichever program had the last word.
 */
import { Action, type Frame, type Of, program, subprogram, type u32 } from "zeta/bpf";
import { zeta_node_call } from "../node/call.ts";
import { NODE } from "../node/services.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import {
  Asked,
  MOST_BYTES,
  Point,
  traceFrame,
  type tracePieces,
  zeta_node_trace,
  zeta_node_trace_frame,
  zeta_node_trace_mark,
} from "./record.ts";
import { saidRecord, zeta_node_said } from "./said.ts";
import { writeHead } from "./trace.ts";

/** Where a piece begins follows from the length alone, so that the verifier sees one state behind each, not two. */
const copyPiece = (frame: Frame, kept: u32, size: u32, to: object): void => {
  if ((kept & size) !== 0) frame.read(kept & ~(size * 2 - 1), to);
};
const copyPieces = (frame: Frame, kept: u32, to: Of<typeof tracePieces>): void => {
  copyPiece(frame, kept, 1024, to.of1024);
  copyPiece(frame, kept, 512, to.of512);
  copyPiece(frame, kept, 256, to.of256);
  copyPiece(frame, kept, 128, to.of128);
  copyPiece(frame, kept, 64, to.of64);
  copyPiece(frame, kept, 32, to.of32);
  copyPiece(frame, kept, 16, to.of16);
  copyPiece(frame, kept, 8, to.of8);
  copyPiece(frame, kept, 4, to.of4);
  copyPiece(frame, kept, 2, to.of2);
  copyPiece(frame, kept, 1, to.of1);
};

const copyFrame = (frame: Frame, to: Of<typeof traceFrame>): void => {
  to.length = frame.length;
  to.ingress = frame.ingressInterface;
  copyPieces(frame, frame.length > MOST_BYTES ? MOST_BYTES : frame.length, to.pieces);
};

/** A tail call leaves the subprogram: what the last of the programs gives is its result. */
const everything = subprogram("zeta_watched", (): Action => {
  zeta_node_stages.call(Stage.Root);
  return Action.Aborted;
});

/** Before a packet: nobody follows it, and no service has said anything of it. */
const begin = (frame: Frame): boolean => {
  const mark = zeta_node_trace_mark.at(0);
  const record = zeta_node_trace_frame.at(0);
  const call = zeta_node_call.at(0);
  if (mark === null || record === null || call === null) return false;
  mark.traced = 0;
  mark.asked = Asked.None;
  mark.out = 0;
  call.service = NODE;
  call.kind = 0;
  const said = zeta_node_said.at(0);
  if (said !== null) said.boxes = 0;
  copyFrame(frame, record);
  return true;
};

/** After it: the packet as it came, and as it is now. */
const end = (frame: Frame, action: Action): void => {
  const mark = zeta_node_trace_mark.at(0);
  const record = zeta_node_trace_frame.at(0);
  const call = zeta_node_call.at(0);
  if (mark === null || record === null || call === null || mark.traced === 0) return;
  mark.traced = 0;
  const { service, vni } = call;
  const words = zeta_node_said.at(0);
  if (words !== null && words.boxes !== 0) {
    writeHead(words.head, mark.packet, { point: Point.Said, service, vni, detail: 0, extra: 0 });
    if (!zeta_node_trace.output(saidRecord, words)) mark.lost += 1n;
  }
  record.asked = mark.asked;
  record.said = call.kind;
  record.reason = call.reason;
  writeHead(record.head, mark.packet, { point: Point.Arrived, service, vni, detail: 0, extra: 0 });
  if (!zeta_node_trace.output(traceFrame, record)) mark.lost += 1n;
  copyFrame(frame, record);
  writeHead(record.head, mark.packet, { point: Point.Left, service, vni, detail: action, extra: mark.out });
  if (!zeta_node_trace.output(traceFrame, record)) mark.lost += 1n;
};

export const zeta_watch = program("zeta_watch", (frame) => {
  // Whoever cannot be watched is served all the same.
  begin(frame);
  const action = everything();
  end(frame, action);
  return action;
});
