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
import { type Call, zeta_node_call } from "./call.ts";
import { known, NO_FLOW } from "./known.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

/** Follows a plain packet's flow; NO_FLOW, and nothing is done yet, where it has none. */
const hit = (parts: Parts, call: Call): Action => {
  if (parts.protocol === Protocol.Udp && isTunnelPort(parts.destinationPort)) return NO_FLOW;
  if (!isWhole(parts)) return NO_FLOW;
  // What comes from a stage has its network noted.
  const vni = call.vni & (0 - call.inside);
  return withFamily(parts, (family) => {
    const now = spansNow();
    const found = family.find(family.keyOf(parts, vni), now);
    if (found.way === null) return NO_FLOW;
    call.vni = vni;
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
