/**
 * The program that stays attached. It follows the flows of plain packets, which nearly all are; with all else it goes on in
 * `zeta_parse`. By itself: the verifier walks what any packet needs once, and not behind each thing that is not plain about it.
 */
import { Action, type Frame, Protocol, program } from "zeta/bpf";
import { withFamily } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { isTunnelPort } from "../overlay/decapsulate.ts";
import type { Parts } from "../packet/open.ts";
import { openPlainByKind } from "../packet/plain-kinds.ts";
import { isWhole } from "../packet/whole.ts";
import { consider } from "../trace/trace.ts";
import { type Call, Inside, zeta_node_call } from "./call.ts";
import { isHostsOwn } from "./forwards.ts";
import { known, NO_FLOW } from "./known.ts";
import { serviceAt } from "./listen.ts";
import { NODE } from "./services.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

/** Finds out whose a plain packet without a flow is: the host's own has arrived. */
const seek = (parts: Parts, call: Call): Action => {
  const index = serviceAt(call, parts.destination, parts.destinationPort, parts.protocol);
  if (index === NODE && isHostsOwn(call)) {
    consider(parts, call, index, parts);
    call.inside = 0;
    return Action.Pass;
  }
  call.service = index;
  call.inside |= Inside.Sought;
  return NO_FLOW;
};

/** Follows a plain packet's flow; NO_FLOW, and nothing is done to it, where it has none. */
const hit = (parts: Parts, call: Call): Action => {
  if (parts.protocol === Protocol.Udp && isTunnelPort(parts.destinationPort)) return NO_FLOW;
  if (!isWhole(parts)) return NO_FLOW;
  // What comes from a stage has its network noted.
  call.vni &= 0 - call.inside;
  return withFamily(parts, (family) => {
    const now = spansNow();
    const found = family.find(family.keyOf(parts, call.vni), now);
    if (found.way === null) return seek(parts, call);
    call.inside = 0;
    return known(parts, family, found, found.way, call, now);
  });
};

const arrive = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const action = openPlainByKind(
    frame,
    (parts) => hit(parts, call),
    () => NO_FLOW,
  );
  if (action !== NO_FLOW) return action;
  zeta_node_stages.call(Stage.Parse);
  // Too many tail calls: the next packet is another.
  call.inside = 0;
  return Action.Drop;
};

export const zeta_root = program("zeta_root", arrive, { slot: { table: zeta_node_stages, index: Stage.Root } });
