/** After a service has decided: an old decision stands or goes, and the new one is prepared to be entered. */
import { Action, type Frame, type Of, program } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { prepare } from "../flow/commit.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { open, type Parts } from "../packet/open.ts";
import { Ask, type callRecord, zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { isHeard } from "./lifecycle.ts";
import { enterForget, enterTable, Stage, zeta_node_stages } from "./stages.ts";

type Call = Of<typeof callRecord>;

const settle = (parts: Parts, family: Family, call: Call): Action => {
  const now = spansNow();
  const { way: known } = family.find(family.keyOf(parts, call.vni), now);
  if (known !== null) {
    if (call.ask === Ask.Holds && call.holds === 1) {
      known.generation = call.generation;
      zeta_node_stages.call(Stage.Forward);
      return Action.Drop;
    }
    // Comes back here when it is done.
    enterForget(family.type, !isHeard());
    return Action.Drop;
  }
  if (call.kind === OutcomeKind.Reject) zeta_node_stages.call(Stage.Refuse);
  if (call.kind !== OutcomeKind.Pass) return Action.Drop;
  const refused = prepare(parts, family, call);
  if (refused === null) enterTable(family.type);
  else countNodeDrop(call.service, refused);
  return Action.Drop;
};

const run =
  (family: Family) =>
  (frame: Frame): Action => {
    const call = zeta_node_call.at(0);
    if (call === null) return Action.Aborted;
    const unreadable = () => {
      countNodeDrop(call.service, because.notWhole());
      return Action.Drop;
    };
    return open(
      frame,
      (parts) => (parts.type === family.type ? settle(parts, family, call) : unreadable()),
      unreadable,
      unreadable,
    );
  };

// A program each: together they would need more stack than there is.
export const zeta_settle4 = program("zeta_settle4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Commit4 },
});
export const zeta_settle6 = program("zeta_settle6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Commit6 },
});
