/** After a service has decided: an old decision stands or goes, and the new one is prepared to be entered. */
import { Action, isIpv4, program } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { newLife, prepare, senderOf } from "../flow/commit.ts";
import { Change } from "../flow/entry.ts";
import { type Family, ipv4Family, ipv6Family, isAcross } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { endsWithPort, type Parts } from "../packet/open.ts";
import { HELD, Point } from "../trace/record.ts";
import { consider, stepWithEnds } from "../trace/trace.ts";
import { enterAcross } from "./across/enter.ts";
import { Ask, type Call, Holds } from "./call.ts";
import { because } from "./drops.ts";
import { enterNext } from "./enter.ts";
import { isHeard } from "./lifecycle.ts";
import { isLimited } from "./quota.ts";
import { refused, withPacket } from "./stage.ts";
import { enterForget, Stage, zeta_node_stages } from "./stages.ts";

/** What has no port gets none by a decision: an echo that was sent on to a backend's port is not answered from that. */
export const leavePortless = (parts: Parts, call: Call): void => {
  const ends = endsWithPort(parts);
  if ((ends & Change.Source) === 0) call.sourcePort = parts.sourcePort;
  if ((ends & Change.Destination) === 0) call.destinationPort = parts.destinationPort;
};

/** What opens a flow asks for it. Established flows are decided anew without, when their config has changed. */
const isToAsk = (call: Call): boolean =>
  call.admitted === 0 && call.ask === Ask.Decide && call.kind === OutcomeKind.Pass && isLimited();
/** What was decided may be what the packet is known by: it is as it came. */
const tellDecided = (parts: Parts, call: Call): void => {
  const { source, destination, sourcePort, destinationPort } = call;
  const ends = { source, destination, sourcePort, destinationPort };
  consider(parts, call, call.service, ends);
  const held = call.ask === Ask.Holds && call.holds === Holds.Yes;
  stepWithEnds(Point.Decided, call, ends, held ? HELD : call.kind, call.reason);
};

export const settle = (parts: Parts, family: Family, call: Call): Action => {
  if (isToAsk(call)) {
    // Comes back here when there is room. A flow that is to be decided anew stands until then.
    zeta_node_stages.call(Stage.Admit);
    return Action.Drop;
  }
  if (call.decided === 1) {
    const found = family.find(family.keyOf(parts, call.vni), spansNow());
    const known = found.way;
    if (known !== null && call.ask === Ask.Holds && call.holds === Holds.Yes) {
      tellDecided(parts, call);
      known.generation = call.generation;
      zeta_node_stages.call(Stage.Forward);
      return Action.Drop;
    }
    call.decided = 0;
    // Comes back here when it is done.
    if (known !== null) {
      if (isAcross(known)) enterAcross(parts, call, found, family.isIpv4 ? Stage.Forget46 : Stage.Forget64);
      else enterForget(family.type, !isHeard());
      return Action.Drop;
    }
  }
  tellDecided(parts, call);
  if (call.kind === OutcomeKind.Reject) zeta_node_stages.call(Stage.Refuse);
  if (call.kind !== OutcomeKind.Pass) return Action.Drop;
  leavePortless(parts, call);
  if (isIpv4(call.destination) !== family.isIpv4) {
    zeta_node_stages.call(family.isIpv4 ? Stage.Settle46 : Stage.Settle64);
    return Action.Drop;
  }
  const reason = prepare(senderOf(parts, family, call), family, family, call, newLife(parts.protocol));
  return reason === null ? enterNext(call, family) : refused(call, reason);
};

export const settleBy = (family: Family, use: (parts: Parts, call: Call) => Action) =>
  withPacket((parts, call) => (parts.type === family.type ? use(parts, call) : refused(call, because.notWhole())));
const run = (family: Family) => settleBy(family, (parts, call) => settle(parts, family, call));

// A program each: together they would need more stack than there is.
export const zeta_settle4 = program("zeta_settle4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Commit4 },
});
export const zeta_settle6 = program("zeta_settle6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Commit6 },
});
