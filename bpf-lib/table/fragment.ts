/**
 * Fragments of one packet may come to different forwarders, and only the first tells its flow. So each that comes to a forwarder which does
 * not know of its first goes by a node that all of them go by: the head of the bucket of its source and identification. A first
 * fragment leaves its ports there before it goes on, and others find them, if it was first on its way too. Nothing of that is
 * kept along a chain: who sent the packet sends it again.
 */
import { Action, program, u8, u16 } from "zeta/bpf";
import { NODE } from "../node/services.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { firstOf, followFirst, identificationOf, rememberFirst } from "../packet/fragments.ts";
import { bucketOf } from "./bucket.ts";
import { ask } from "./consult.ts";
import { answer, withTurn } from "./hand.ts";
import { FRAGMENT, Operation, portsIn, portsOf } from "./operation.ts";

/** On a forwarder. */
export const zeta_ask_first = program(
  "zeta_ask_first",
  withTurn((turn) => ask(turn, FRAGMENT, bucketOf(turn.parts.source, u16(identificationOf(turn.parts))))),
  { slot: { table: zeta_node_stages, index: Stage.AskFirst } },
);

/** On the head of that bucket. */
export const zeta_table_fragment = program(
  "zeta_table_fragment",
  withTurn((turn) => {
    const { parts, call, hand } = turn;
    call.service = NODE;
    hand.withEntry = 0;
    hand.of.service = 0;
    if (!parts.later) followFirst(parts, call.vni);
    else {
      const first = firstOf(parts, call.vni);
      if (first !== null) {
        hand.of.service = u16(first.end);
        hand.of.detail = portsOf(first);
        hand.of.place = first.protocol;
      }
    }
    return answer(turn, Operation.Followed);
  }),
  { slot: { table: zeta_node_stages, index: Stage.AskFirst } },
);

/** On the forwarder again: it goes on as any fragment does. */
export const zeta_followed = program(
  "zeta_followed",
  withTurn(({ parts, call, hand }) => {
    const { service: end, detail, place } = hand.of;
    call.service = NODE;
    call.vni = hand.vni;
    if (parts.later && end !== 0) rememberFirst(parts, call.vni, { end, ...portsIn(detail), protocol: u8(place) });
    call.asked = 1;
    zeta_node_stages.call(Stage.Fragment);
    return Action.Drop;
  }),
  { slot: { table: zeta_node_stages, index: Stage.Followed } },
);
