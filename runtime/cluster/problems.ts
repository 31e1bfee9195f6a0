/** What can be wrong with a cluster's times, views and changes. Codes are written by hand and never reused; pages in docs/errors. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const badTimes = problem("ZT8501", (path: string, reason: string) => ({
  message: `A cluster cannot keep these times: ${path}: ${reason}.`,
  fix: "Correct it: all are milliseconds, but for 'chain' (nodes) and 'drift' (a part of one). Nothing was changed.",
}));

export const badView = problem("ZT8502", (path: string, reason: string) => ({
  message: `This view of the cluster cannot be used: ${path}: ${reason}.`,
  fix: "Correct it, or write the last good one again under a new epoch. The node acts by what it had, until its lease ends.",
}));

export const refusedChange = problem("ZT8503", (change: string, reason: string) => ({
  message: `The cluster cannot be changed so (${change}): ${reason}.`,
  fix: "Look at the view as it is now, and ask again if the change is still wanted. Nothing was changed.",
}));

export const badStore = problem("ZT8505", (file: string, reason: string) => ({
  message: `The cluster's newest view cannot be read from '${file}': ${reason}.`,
  fix: "Have it written there again. The node acts by the view that it has until its lease ends, and then not at all.",
}));

export const otherNode = problem("ZT8504", (is: number, told: number) => ({
  message: `This is node ${is} of the cluster, and it was told what node ${told} is to do.`,
  fix: "Tell each node of itself; one that is to have another number starts anew. Nothing was changed.",
}));
