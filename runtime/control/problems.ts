/** What can be wrong between a node's process and whoever asks it. Codes are written by hand and never reused; pages in docs/errors. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const nodeRuns = problem("ZT8110", (folder: string) => ({
  message: `A node already runs with the state folder '${folder}'.`,
  fix: "Stop it ('zeta node stop'), or give this one a folder of its own with --state.",
}));

export const noNode = problem("ZT8111", (socket: string, reason: string) => ({
  message: `No node answers at '${socket}': ${reason}.`,
  fix: "Start one with 'zeta node start', or name its state folder with --state.",
}));

export const badRequest = problem("ZT8112", (reason: string) => ({
  message: `The node does not understand the request: ${reason}.`,
  fix: "Ask with the 'zeta' of the version that runs the node. Nothing was changed.",
}));

export const nodeGone = problem("ZT8113", (reason: string) => ({
  message: `The node ended before it had answered: ${reason}.`,
  fix: "Look at its output; 'zeta ps' shows whether anything was left behind.",
}));

export const cannotListen = problem("ZT8114", (where: string, reason: string) => ({
  message: `The node cannot listen at '${where}': ${reason}.`,
  fix: "Choose another address or folder. Nothing was attached.",
}));

export const badFlowFilter = problem("ZT8115", (what: string, value: string, expected: string) => ({
  message: `'${value}' is not ${expected}, by which flows are chosen (${what}).`,
  fix: "Correct it; 'zeta flows --help' shows each. No flow was touched.",
}));

export const chooseService = problem("ZT8116", (known: readonly string[]) => ({
  message: known.length === 0 ? "The node has no service." : "The node has several services.",
  fix: known.length === 0 ? "Add one with 'zeta node add'." : `Say --service with one of: ${known.join(", ")}.`,
}));

export const notInCluster = problem("ZT8118", () => ({
  message: "The node is by itself, in no cluster.",
  fix: "Start it as one of a cluster: 'zeta node start --role forwarder' or '--role table'.",
}));

export const oldView = problem("ZT8119", (epoch: number, acting: number) => ({
  message: `The node acts by epoch ${acting} of the cluster's view, and was told of ${epoch}.`,
  fix: "Tell it of a view with a newer epoch: nodes never go back. Nothing was changed.",
}));

export const keepsNothing = problem(
  "ZT8124",
  (folder: string) => ({
    message: `The data plane will not be kept: its pins in '${folder}' are mounted for this process and its children alone, and go with them.`,
    fix: "Start it from the machine's own mounts: 'nsenter --net=/run/netns/NAME -- zeta node start …' where 'ip netns exec' was used.",
  }),
  "warning",
);

export const badKept = problem("ZT8117", (file: string, reason: string) => ({
  message: `What the node was told of its networks, kept in '${file}', cannot be told again: ${reason}.`,
  fix: "Mend the file, or remove it and tell the node anew ('zeta node networks'). Nothing is attached.",
}));
