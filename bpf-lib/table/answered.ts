/** On a forwarder: what came back for a packet of its own. It is cached for a lease, and the packet follows it. */
import { Action, program, type u32 } from "zeta/bpf";
import { apply } from "../flow/apply.ts";
import { type Client, prepare } from "../flow/commit.ts";
import { Change } from "../flow/entry.ts";
import { FlowState, idleOf } from "../flow/state.ts";
import { type Family, ipv4Family, ipv6Family, withFamily } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { isError } from "../icmp/embedded.ts";
import { enterNext } from "../node/enter.ts";
import { strayFragment } from "../node/follow.ts";
import { NODE } from "../node/services.ts";
import { refused } from "../node/stage.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { resendAge } from "./age.ts";
import { Bounce, countBounce } from "./bounces.ts";
import { askBy } from "./consult.ts";
import { forgetBoth } from "./ended.ts";
import { clientOf, noteDecided, WAITS } from "./entry.ts";
import { lost, TableFault } from "./faults.ts";
import { errorAsked, hasService, type Turn, withTurn } from "./hand.ts";
import { ASKED_BACK, Operation } from "./operation.ts";
import { enterStore, isSame, liveAs } from "./store.ts";
import { stateIn } from "./version.ts";
import { takeWaiting } from "./waited.ts";

/** The packet follows its flow, which has just been entered or renewed here. */
const release = (turn: Turn, family: Family): Action => {
  const { parts, call, hand } = turn;
  call.vni = hand.vni;
  if ((hand.entry.change & WAITS) !== 0) {
    zeta_node_stages.call(Stage.Waited);
    return lost(TableFault.Role);
  }
  if (isError(parts)) return errorAsked(turn);
  const found = family.find(family.keyOf(parts, call.vni), spansNow());
  return found.way === null ? lost(TableFault.Late) : apply(parts, family, found, found.way, call);
};

/** The same of a flow that waits, whose packet has become its SYN, or has waited. */
const releaseWaited = (turn: Turn, family: Family): Action => {
  const { parts, call, hand } = turn;
  takeWaiting(parts, family, hand.entry);
  if (isError(parts)) return errorAsked(turn);
  const found = family.find(family.keyOf(parts, call.vni), spansNow());
  if (found.way === null) return lost(TableFault.Late);
  if ((hand.entry.change & Change.Pending) !== 0) return apply(parts, family, found, found.way, call, true);
  zeta_node_stages.call(Stage.Shift);
  return Action.Drop;
};
export const zeta_waited = program(
  "zeta_waited",
  withTurn((turn) => withFamily(turn.parts, (family) => releaseWaited(turn, family))),
  { slot: { table: zeta_node_stages, index: Stage.Waited } },
);

/** The entry is cached: stored here, or its lease lengthened. A stage of its own, for stack. */
const cache = (turn: Turn, family: Family): Action => {
  const { parts, call, hand } = turn;
  const { entry } = hand;
  const from = clientOf(entry);
  const key = family.keyOfEnds(from, entry.vni, entry.protocol);
  const now = spansNow();
  const state = stateIn(entry.version);
  // The lease runs from when this node sent the packet: the chain has known of it for less.
  const lease: u32 = idleOf(entry.protocol, state);
  const passed: u32 = now - hand.of.sent;
  if (passed >= lease) return lost(TableFault.Late);
  const found = family.find(key, now);
  if (state === FlowState.Ended) {
    // No lease is given on what has ended.
    if (found.way !== null) forgetBoth(family, found.way, entry.protocol, now);
    const { detail } = hand.of;
    if (detail !== 0 && detail < ASKED_BACK && !parts.later) {
      call.reason = detail - 1;
      zeta_node_stages.call(Stage.Refuse);
    }
    return lost(TableFault.Ended);
  }
  if (found.way !== null) {
    if (isSame(family, found.way, entry)) {
      liveAs(family, found, entry, state, now + lease - passed);
      return release(turn, family);
    }
    // A lifetime has ended, and this is another: the old one's leases are over wherever they were given. Comes back here.
    forgetBoth(family, found.way, entry.protocol, now);
    zeta_node_stages.call(family.isIpv4 ? Stage.Store4 : Stage.Store6);
    return lost(TableFault.Conflict);
  }
  zeta_node_stages.call(family.isIpv4 ? Stage.Fill4 : Stage.Fill6);
  return lost(TableFault.Role);
};

/**
 * The entry was absent: it is entered, by the steps of a commit, and lives for what is left of its lease. `family` is its client's,
 * `behind` that of its other end.
 */
export const fill = ({ call, hand }: Turn, family: Family, behind: Family): Action => {
  const { entry } = hand;
  const from = clientOf(entry);
  const state = stateIn(entry.version);
  noteDecided(entry, call);
  call.vni = entry.vni;
  call.service = hand.of.service;
  const client: Client = { ...from, key: family.keyOfEnds(from, entry.vni, entry.protocol) };
  const idle: u32 = idleOf(entry.protocol, state) - (spansNow() - hand.of.sent);
  const reason = prepare(client, family, behind, call, { state, idle });
  return reason === null ? enterNext(call, family) : refused(call, reason);
};

const answered = (family: Family) =>
  withTurn((turn) => {
    const { call, hand, view } = turn;
    const { operation, forwarder, service, detail } = hand.of;
    if (forwarder !== view.self) return lost(TableFault.Asker);
    if (spansNow() - hand.of.sent >= resendAge()) return lost(TableFault.Late);
    call.service = service;
    if (operation === Operation.Reply) {
      if (hand.withEntry === 0) return lost(TableFault.Form);
      if (!hasService(service)) return lost(TableFault.Service);
      enterStore(hand.entry, family);
      return Action.Drop;
    }
    if (operation === Operation.Refuse) {
      call.reason = detail;
      zeta_node_stages.call(Stage.Refuse);
      return Action.Drop;
    }
    if (operation === Operation.Followed) zeta_node_stages.call(Stage.Followed);
    if (operation === Operation.Stale) {
      countBounce(Bounce.Again);
      return askBy(turn);
    }
    return operation === Operation.Nobody ? nobodys(turn) : lost(TableFault.Role);
  });

/** No flow, and no service: outside overlays it is the host's to forward. */
const nobodys = (turn: Turn): Action => {
  const { parts, call } = turn;
  if (isError(parts)) return errorAsked(turn);
  if (parts.later && call.service !== NODE) return strayFragment(call.service);
  return call.vni === 0 ? Action.Pass : lost(TableFault.Ended);
};

export const zeta_answered4 = program("zeta_answered4", answered(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Serve4 },
});
export const zeta_answered6 = program("zeta_answered6", answered(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Serve6 },
});

export const zeta_cache4 = program(
  "zeta_cache4",
  withTurn((turn) => cache(turn, ipv4Family)),
  { slot: { table: zeta_node_stages, index: Stage.Store4 } },
);
export const zeta_cache6 = program(
  "zeta_cache6",
  withTurn((turn) => cache(turn, ipv6Family)),
  { slot: { table: zeta_node_stages, index: Stage.Store6 } },
);

export const zeta_fill4 = program(
  "zeta_fill4",
  withTurn((turn) => fill(turn, ipv4Family, ipv4Family)),
  { slot: { table: zeta_node_stages, index: Stage.Fill4 } },
);
export const zeta_fill6 = program(
  "zeta_fill6",
  withTurn((turn) => fill(turn, ipv6Family, ipv6Family)),
  { slot: { table: zeta_node_stages, index: Stage.Fill6 } },
);

const entered = (family: Family) => withTurn((turn) => release(turn, family));
export const zeta_cached4 = program("zeta_cached4", entered(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Entered4 },
});
export const zeta_cached6 = program("zeta_cached6", entered(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Entered6 },
});
