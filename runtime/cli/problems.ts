/** What can go wrong between a person and the command. Pages in docs/errors. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const usage = problem("ZT5020", (message: string, command: string, meant: string | null = null) => ({
  message,
  fix: `${meant === null ? "" : `Did you mean '${meant}'? `}See '${command} --help'.`,
}));

export const noSuchInput = problem("ZT5021", (path: string) => ({
  message: `There is no file or folder '${path}'.`,
  fix: "Check the path; it is taken relative to the working directory.",
}));

export const unknownCode = problem("ZT5023", (code: string, near: string | null) => ({
  message: `No problem has the code '${code}'.`,
  fix: near === null ? "'zeta explain' without a code lists them all." : `Did you mean ${near}?`,
}));

export const unknownTemplate = problem("ZT5024", (name: string, known: readonly string[]) => ({
  message: `There is no example named '${name}'.`,
  fix: known.length === 0 ? "This installation has no examples." : `Choose one of: ${known.join(", ")}.`,
}));

export const notThePackage = problem("ZT5034", (path: string, found: string) => ({
  message: `'${path}' is not the package that a project would depend on: it is ${found}.`,
  fix: "Name the tarball that 'npm pack' made of zeta, or the folder that zeta is in; nothing was written.",
}));

export const folderNotEmpty = problem("ZT5025", (folder: string) => ({
  message: `'${folder}' exists and is not empty.`,
  fix: "Choose a new name; nothing was written.",
}));

export const projectNotWritten = problem("ZT5026", (folder: string, reason: string) => ({
  message: `The project '${folder}' could not be written: ${reason}.`,
  fix: "Check permissions and free space; nothing was left behind.",
}));

export const noService = problem("ZT5029", (name: string, wanted: string | null, known: readonly string[]) => ({
  message:
    wanted === null
      ? known.length === 0
        ? `'${name}' has no program that an interface takes.`
        : `'${name}' has several programs that an interface takes.`
      : `'${name}' has no program '${wanted}' that an interface takes.`,
  fix:
    known.length === 0
      ? 'Export a service, or a program of section "xdp".'
      : `Say --program with one of: ${known.join(", ")}.`,
}));

export const nothingChosen = problem("ZT5030", (command: string) => ({
  message: `'${command}' was not told what to work on.`,
  fix: "Name a run, or say --interface or --all; 'zeta ps' lists what there is.",
}));

export const noSuchRun = problem("ZT5031", (what: string, known: readonly string[]) => ({
  message: `There is no run ${what}.`,
  fix: known.length === 0 ? "Nothing is running, and nothing was left behind." : `There is: ${known.join(", ")}.`,
}));

export const oldNode = problem("ZT5032", (version: string, oldest: string) => ({
  message: `This is Node.js ${version}, and zeta needs ${oldest} or later.`,
  fix: "Install a newer one; in a project, 'npm install --save-dev node@24' brings one that npx and npm scripts use.",
}));

export const outputLost = problem("ZT5033", (reason: string) => ({
  message: `The output cannot be written: ${reason}.`,
  fix: "Make room, or send it elsewhere. What was attached is taken off again.",
}));
