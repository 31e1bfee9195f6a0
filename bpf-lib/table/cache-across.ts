/** On a forwarder: flows across the families, cached for a lease, and asked for when that is about to end. */
import { type Action, program, type u32 } from "zeta/bpf";
import { endsAcross, otherFamily, partnerOf } from "../flow/across.ts";
import { FlowState, idleOf } from "../flow/state.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { withBoth } from "../node/across/stage.ts";
import { enterEntered, Stage, zeta_node_stages } from "../node/stages.ts";
import { isSameAcross, liveBoth } from "./across.ts";
import { bucketOfFlow } from "./affinity.ts";
import { fill } from "./answered.ts";
import { ask } from "./consult.ts";
import { clientOf } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { type Turn, withTurn } from "./hand.ts";
import { stateIn } from "./version.ts";

/** As of flows of one family (answered.ts); `family` is that of the client. */
const cache = ({ parts, hand }: Turn, family: Family): Action => {
  const { entry } = hand;
  const now = spansNow();
  const state = stateIn(entry.version);
  const lease: u32 = idleOf(entry.protocol, state);
  const passed: u32 = now - hand.of.sent;
  if (passed >= lease) return lost(TableFault.Late);
  const { way, index } = family.find(family.keyOfEnds(clientOf(entry), entry.vni, entry.protocol), now);
  const partner = way === null ? null : partnerOf(family, way, index, now).way;
  const isSame = way !== null && partner !== null && isSameAcross(family, way, partner, entry);
  if (isSame && state !== FlowState.Ended) {
    way.generation = entry.generation;
    liveBoth(way, partner, state, now + lease - passed);
    enterEntered(parts.type);
    return lost(TableFault.Role);
  }
  // What stands is of a lifetime that has ended.
  if (way !== null) way.until = now;
  if (partner !== null) partner.until = now;
  if (state === FlowState.Ended) return lost(TableFault.Ended);
  zeta_node_stages.call(family.isIpv4 ? Stage.Fill46 : Stage.Fill64);
  return lost(TableFault.Role);
};

const refresh = (family: Family) =>
  withTurn((turn) =>
    withBoth(family, turn.call, ({ entry, partner }) =>
      ask(
        turn,
        entry.service,
        bucketOfFlow(turn.parts, endsAcross(family, entry, partner), entry.change, entry.service),
      ),
    ),
  );

const slot = (index: number) => ({ slot: { table: zeta_node_stages, index } });
const cached = (family: Family) => withTurn((turn) => cache(turn, family));
const filled = (family: Family) => withTurn((turn) => fill(turn, family, otherFamily(family)));
export const zeta_cache46 = program("zeta_cache46", cached(ipv4Family), slot(Stage.Store46));
export const zeta_cache64 = program("zeta_cache64", cached(ipv6Family), slot(Stage.Store64));
export const zeta_fill46 = program("zeta_fill46", filled(ipv4Family), slot(Stage.Fill46));
export const zeta_fill64 = program("zeta_fill64", filled(ipv6Family), slot(Stage.Fill64));
export const zeta_refresh46 = program("zeta_refresh46", refresh(ipv4Family), slot(Stage.Renew46));
export const zeta_refresh64 = program("zeta_refresh64", refresh(ipv6Family), slot(Stage.Renew64));
