/** Packets that a middlebox refuses: counted by reason, dropped, and for rejects answered. */
import { Action } from "zeta/bpf";
import { type Outcome, OutcomeKind } from "../../sdk/middlebox/internal.ts";
import type { Parts } from "../packet/open.ts";
import { countDrop } from "../state/counter.ts";
import { answerRefusal } from "./refusal.ts";

export const refuse = (parts: Parts, outcome: Outcome): Action => {
  countDrop(outcome.reason);
  return outcome.kind === OutcomeKind.Reject ? answerRefusal(parts) : Action.Drop;
};
