/** Where packets are traced: nothing at all in programs that do not (traced.ts). */
import { type Action, type address, barrier, clock, cpu, type Of, redirect, type u16, type u32 } from "zeta/bpf";
import { type Call, zeta_node_call } from "../node/call.ts";
import type { Parts } from "../packet/open.ts";
import {
  ANY,
  Asked,
  Point,
  type traceHead,
  type traceMark,
  traceStep,
  zeta_node_trace,
  zeta_node_trace_mark,
  zeta_trace,
} from "./record.ts";
import { TRACED } from "./traced.ts";

interface Ends {
  readonly source: address;
  readonly destination: address;
  readonly sourcePort: u16;
  readonly destinationPort: u16;
}

export interface Told {
  readonly point: u32;
  readonly service: u32;
  readonly vni: u32;
  readonly detail: u32;
  readonly extra: u32;
}

export const writeHead = (head: Of<typeof traceHead>, packet: u32, told: Told): void => {
  head.at = clock("monotonic");
  head.packet = packet;
  head.cpu = cpu();
  head.point = told.point;
  head.service = told.service;
  head.vni = told.vni;
  head.detail = told.detail;
  head.extra = told.extra;
  const call = zeta_node_call.at(0);
  if (call === null) return;
  head.box = call.box;
  head.holds = call.holds;
};

const send = (mark: Of<typeof traceMark>): void => {
  if (!zeta_node_trace.output(traceStep, mark.step)) mark.lost += 1n;
};

const NO_ENDS: Ends = { source: 0n, destination: 0n, sourcePort: 0, destinationPort: 0 };

const tell = (told: Told, ends: Ends): void => {
  const mark = zeta_node_trace_mark.at(0);
  if (mark === null || mark.traced === 0) return;
  writeHead(mark.step.head, mark.packet, told);
  const { source, destination, sourcePort, destinationPort } = ends;
  mark.step.ends = { source, destination, sourcePort, destinationPort, spare: 0 };
  send(mark);
};

const hasAddress = ({ source, destination }: Ends): boolean => {
  const { mask, address } = zeta_trace.value;
  return (source & mask) === address || (destination & mask) === address;
};
const hasPort = ({ sourcePort, destinationPort }: Ends): boolean => {
  const { port } = zeta_trace.value;
  return sourcePort === port || destinationPort === port;
};

/** Whether a packet of the service is meant, whose ends are, or are to be, one of these. */
const isChosen = (parts: Parts, vni: u32, service: u32, other: Ends): boolean => {
  const chosen = zeta_trace.value;
  if (chosen.vni !== ANY && chosen.vni !== vni) return false;
  if (chosen.service !== ANY && chosen.service !== service) return false;
  if (chosen.protocol !== ANY && chosen.protocol !== parts.protocol) return false;
  if (chosen.port !== ANY && !hasPort(parts) && !hasPort(other)) return false;
  return chosen.mask === 0n || hasAddress(parts) || hasAddress(other);
};

/**
 * Follows the packet from here on, if it is meant and nobody follows it yet. `other`: the ends that it has, or had, on the
 * other side of the node.
 */
export const consider = (parts: Parts, call: Call, service: u32, other: Ends): void => {
  if (!TRACED) return;
  const mark = zeta_node_trace_mark.at(0);
  if (mark === null) return;
  const { source, destination, sourcePort, destinationPort } = other;
  mark.step.ends = { source, destination, sourcePort, destinationPort, spare: 0 };
  if (mark.traced !== 0) return;
  // From memory again: programs that trace have hardly any stack left.
  barrier();
  if (!isChosen(parts, call.vni, service, mark.step.ends)) return;
  mark.traced = 1;
  mark.packet += 1;
};

/** Of a packet that cannot be read, as little is asked as is known of it. */
export const considerUnread = (call: Call, service: u32): void => {
  if (!TRACED) return;
  const mark = zeta_node_trace_mark.at(0);
  const chosen = zeta_trace.value;
  if (mark === null || mark.traced !== 0) return;
  if (chosen.mask !== 0n || chosen.port !== ANY || chosen.protocol !== ANY) return;
  if ((chosen.vni !== ANY && chosen.vni !== call.vni) || (chosen.service !== ANY && chosen.service !== service)) return;
  mark.traced = 1;
  mark.packet += 1;
};

/** Its flow was found, by the packet's own ends; `ends`: those that it is to leave with. */
export const considerFlow = (parts: Parts, call: Call, service: u32, ends: Ends, reply: boolean): void => {
  if (!TRACED) return;
  consider(parts, call, service, ends);
  const mark = zeta_node_trace_mark.at(0);
  if (mark === null || mark.traced === 0) return;
  writeHead(mark.step.head, mark.packet, {
    point: Point.Flow,
    service,
    vni: call.vni,
    detail: (reply ? 1 : 0) + (parts.later ? 2 : 0),
    extra: 0,
  });
  send(mark);
};

/** Tells what has happened to the packet. */
export const step = (point: u32, call: Call, detail: u32 = 0, extra: u32 = 0): void => {
  if (TRACED) tell({ point, service: call.service, vni: call.vni, detail, extra }, NO_ENDS);
};

/** The same, with two ends. */
export const stepWithEnds = (point: u32, call: Call, ends: Ends, detail: u32 = 0, extra: u32 = 0): void => {
  if (TRACED) tell({ point, service: call.service, vni: call.vni, detail, extra }, ends);
};

/** The node drops the packet, for a reason of its own list. */
export const stepDropped = (service: u32, reason: u32): void => {
  if (TRACED) tell({ point: Point.Dropped, service, vni: 0, detail: reason, extra: 0 }, NO_ENDS);
};

/** One of the service's programs is entered. */
export const stepAsked = (call: Call, asked: u32, detail: u32): void => {
  if (!TRACED) return;
  const mark = zeta_node_trace_mark.at(0);
  if (mark !== null) mark.asked = asked;
  call.kind = 0 as never;
  step(asked === Asked.Filter ? Point.Filter : Point.Ask, call, detail);
};

/** Sends the packet out of an interface. */
export const sendOut = (by: u32): Action => {
  if (TRACED) {
    const mark = zeta_node_trace_mark.at(0);
    if (mark !== null) mark.out = by;
  }
  return redirect(by);
};
