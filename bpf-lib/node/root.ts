/**
 * The program that stays attached: it parses a packet, finds its flow or else its service, and goes on there. What belongs
 * to no service is the host's own.
 */
import { Action, type Frame, type Of, program, type u32 } from "zeta/bpf";
import { type Entry, type Family, isReply, withFamily } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import type { Found } from "../flow/ways.ts";
import { open, type Parts } from "../packet/open.ts";
import { Ask, type callRecord, From, zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { askFor, follow } from "./follow.ts";
import { serviceAt, serviceOfAll } from "./listen.ts";
import { enterService, Hook, NODE, Sees, zeta_node_services } from "./services.ts";
import { countTraffic } from "./traffic.ts";

type Call = Of<typeof callRecord>;

/** No action of XDP's. */
const NO_FLOW = 0xff;

const gone = (service: number): Action => {
  countNodeDrop(service, because.gone());
  return Action.Drop;
};

const known = (parts: Parts, family: Family, found: Found<Entry>, entry: Entry, call: Call, now: u32): Action => {
  const index = entry.service;
  const service = zeta_node_services.at(index);
  if (service === null) return gone(index);
  countTraffic(index, parts.frame.length);
  const reply = isReply(entry);
  call.service = index;
  if ((service.sees & (reply ? Sees.Replies : Sees.Client)) !== 0) {
    call.from = reply ? From.Service : From.Client;
    enterService(index, Hook.Filter);
    return gone(index);
  }
  return follow(parts, family, found, entry, service, call, now);
};

const unknown = (parts: Parts, call: Call): Action => {
  const index = serviceAt(call.vni, parts.destination, parts.destinationPort, parts.protocol);
  if (index === NODE) return Action.Pass;
  const service = zeta_node_services.at(index);
  if (service === null) return gone(index);
  countTraffic(index, parts.frame.length);
  call.service = index;
  call.from = From.Client;
  if ((service.sees & Sees.Client) !== 0) {
    enterService(index, Hook.Filter);
    return gone(index);
  }
  return service.decides === 0 ? Action.Pass : askFor(call, Ask.Decide, index);
};

/** What cannot be read is the host's, unless a service takes all that comes: it takes nothing that nobody understands. */
const broken = (): Action => {
  const index = serviceOfAll(0);
  if (index === NODE) return Action.Pass;
  countNodeDrop(index, because.notWhole());
  return Action.Drop;
};

const enter = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  call.vni = 0;
  return open(
    frame,
    (parts) => {
      const action = withFamily(parts, (family) => {
        const now = spansNow();
        const found = family.find(family.keyOf(parts, call.vni), now);
        return found.way === null ? NO_FLOW : known(parts, family, found, found.way, call, now);
      });
      return action === NO_FLOW ? unknown(parts, call) : action;
    },
    () => Action.Pass,
    broken,
  );
};

export const zeta_root = program("zeta_root", enter);
