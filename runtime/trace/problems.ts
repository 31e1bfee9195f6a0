/** What can be wrong with a trace. Codes are written by hand and never reused; pages in docs/errors. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const alreadyTraced = problem("ZT8120", () => ({
  message: "The node's packets are being traced already.",
  fix: "End the other trace first: a node has one at a time.",
}));

export const badTraceChoice = problem("ZT8121", (what: string, value: string, expected: string) => ({
  message: `'${value}' is not ${expected}, by which packets are chosen (${what}).`,
  fix: "Correct it; 'zeta trace --help' shows each. Nothing was traced.",
}));

export const unguarded = problem("ZT8122", (reason: string) => ({
  message: `The process that would put the ordinary programs back, were this one killed, could not be started: ${reason}.`,
  fix: "See to that reason. Nothing was traced.",
}));

export const membersAreNotTraced = problem("ZT8123", (role: string) => ({
  message: `Members of a cluster are not traced yet, and this node is one (${role}): programs that tell are those of a node by itself.`,
  fix: "Capture its packets ('zeta lab capture') and read its operations in Wireshark (docs/flow-table.md); 'zeta node status' counts what it drops. Nothing has changed.",
}));
