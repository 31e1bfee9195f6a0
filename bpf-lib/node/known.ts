/** A packet whose flow is known: its service counts it, and its filters see it first. */
import { Action, type u32 } from "zeta/bpf";
import { stands } from "../flow/state.ts";
import { type Entry, type Family, isReply } from "../flow/table.ts";
import type { Found } from "../flow/ways.ts";
import type { Parts } from "../packet/open.ts";
import { note } from "../packet/reopen.ts";
import { Asked } from "../trace/record.ts";
import { considerFlow, stepAsked } from "../trace/trace.ts";
import { type Call, From } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { follow } from "./follow.ts";
import { enterService, Hook, Sees, zeta_node_services } from "./services.ts";
import { countTraffic } from "./traffic.ts";

/** No action of XDP's: nothing was done. */
export const NO_FLOW = 0xff;

/** The service that an entry or a list names is no more. */
export const gone = (service: number): Action => {
  countNodeDrop(service, because.gone());
  return Action.Drop;
};

export const known = (
  parts: Parts,
  family: Family,
  found: Found<Entry>,
  entry: Entry,
  call: Call,
  now: u32,
): Action => {
  const index = entry.service;
  const service = zeta_node_services.at(index);
  if (service === null) return gone(index);
  countTraffic(index, parts.frame.length);
  const reply = isReply(entry);
  call.service = index;
  call.generation = service.generation;
  considerFlow(parts, call, index, family.endsOf(entry), reply);
  if ((service.sees & (reply ? Sees.Replies : Sees.Client)) !== 0) {
    call.from = reply ? From.Service : From.Client;
    call.stands = stands(entry) ? 1 : 0;
    note(parts, call.packet);
    stepAsked(call, Asked.Filter, call.from);
    enterService(index, Hook.Filter, call.generation);
    return gone(index);
  }
  return follow(parts, family, found, entry, service, call, now);
};
