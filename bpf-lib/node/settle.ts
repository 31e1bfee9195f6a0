/** After a service has decided: the decision is entered and the packet follows it, or is refused. */
import { Action, type Frame, type Of, program } from "zeta/bpf";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { commit, forget } from "../flow/commit.ts";
import { type Family, withFamily } from "../flow/table.ts";
import { open, opens, type Parts } from "../packet/open.ts";
import { Ask, type callRecord, zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { CloseReason, tellClosed, tellOpened } from "./lifecycle.ts";
import { countOpened } from "./opened.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

type Call = Of<typeof callRecord>;

/** The packet follows what is entered now. */
const follow = (): Action => {
  zeta_node_stages.call(Stage.Forward);
  return Action.Drop;
};

const settle = (parts: Parts, family: Family, call: Call): Action => {
  const known = family.find(parts, call.vni);
  if (known !== null) {
    if (call.ask === Ask.Holds && call.holds === 1) {
      known.generation = call.generation;
      return follow();
    }
    tellClosed(parts, family, known, { vni: call.vni, replies: call.vni }, CloseReason.Replaced);
    forget(parts, family, known, call.vni, call.vni);
  }
  if (call.kind === OutcomeKind.Reject) zeta_node_stages.call(Stage.Refuse);
  if (call.kind !== OutcomeKind.Pass) return Action.Drop;
  const { entry, reason } = commit(parts, family, call);
  if (entry === null) {
    countNodeDrop(call.service, reason);
    return Action.Drop;
  }
  tellOpened(parts, family, entry, call.vni);
  // A segment that opens a connection is counted where it is followed.
  if (!opens(parts)) countOpened(family, entry);
  return follow();
};

const run = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const unreadable = () => {
    countNodeDrop(call.service, because.notWhole());
    return Action.Drop;
  };
  return open(frame, (parts) => withFamily(parts, (family) => settle(parts, family, call)), unreadable, unreadable);
};

export const zeta_settle = program("zeta_settle", run, { slot: { table: zeta_node_stages, index: Stage.Commit } });
