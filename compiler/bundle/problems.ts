/** What can go wrong while a bundle is written. */
import { problem } from "../diagnostics/problem.ts";

export const folderTaken = problem("ZT5001", (folder: string, found: string) => ({
  message: `'${folder}' is not a bundle (it ${found}), so it is not replaced.`,
  fix: "Choose another folder with --out, or take away yourself what is there.",
}));

export const cannotWrite = problem("ZT5002", (path: string, reason: string) => ({
  message: `'${path}' cannot be written: ${reason}.`,
  fix: "Check permissions and free space, or choose another folder.",
}));

export const mixedResults = problem("ZT5003", (reason: string) => ({
  message: `These results do not make one bundle: ${reason}.`,
  fix: "Compile the same source once per CPU level, with the same options otherwise.",
}));
