/** After a service has decided: an old decision stands or goes, and the new one is prepared to be entered. */
import { Action, program } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { prepare } from "../flow/commit.ts";
import { Change } from "../flow/entry.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { endsWithPort, type Parts } from "../packet/open.ts";
import { Ask, type Call } from "./call.ts";
import { because } from "./drops.ts";
import { isHeard } from "./lifecycle.ts";
import { refused, withPacket } from "./stage.ts";
import { enterForget, enterTable, Stage, zeta_node_stages } from "./stages.ts";

/** What has no port gets none by a decision: an echo that was sent on to a backend's port is not answered from that. */
const leavePortless = (parts: Parts, call: Call): void => {
  const ends = endsWithPort(parts);
  if ((ends & Change.Source) === 0) call.sourcePort = parts.sourcePort;
  if ((ends & Change.Destination) === 0) call.destinationPort = parts.destinationPort;
};

const settle = (parts: Parts, family: Family, call: Call): Action => {
  if (call.decided === 1) {
    const { way: known } = family.find(family.keyOf(parts, call.vni), spansNow());
    if (known !== null && call.ask === Ask.Holds && call.holds === 1) {
      known.generation = call.generation;
      zeta_node_stages.call(Stage.Forward);
      return Action.Drop;
    }
    call.decided = 0;
    // Comes back here when it is done.
    if (known !== null) {
      enterForget(family.type, !isHeard());
      return Action.Drop;
    }
  }
  if (call.kind === OutcomeKind.Reject) zeta_node_stages.call(Stage.Refuse);
  if (call.kind !== OutcomeKind.Pass) return Action.Drop;
  leavePortless(parts, call);
  const reason = prepare(parts, family, call);
  if (reason !== null) return refused(call, reason);
  enterTable(family.type);
  return Action.Drop;
};

const run = (family: Family) =>
  withPacket((parts, call) =>
    parts.type === family.type ? settle(parts, family, call) : refused(call, because.notWhole()),
  );

// A program each: together they would need more stack than there is.
export const zeta_settle4 = program("zeta_settle4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Commit4 },
});
export const zeta_settle6 = program("zeta_settle6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Commit6 },
});
