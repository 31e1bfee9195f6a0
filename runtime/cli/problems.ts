/** What can go wrong between a person and the command. Pages in docs/errors. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const usage = problem("ZT5020", (message: string, command: string) => ({
  message,
  fix: `See '${command} --help'.`,
}));

export const noSuchInput = problem("ZT5021", (path: string) => ({
  message: `There is no file or folder '${path}'.`,
  fix: "Check the path; it is taken relative to the working directory.",
}));

export const inputUnreadable = problem("ZT5022", (path: string, reason: string) => ({
  message: `'${path}' cannot be read: ${reason}.`,
  fix: "Check its permissions and what it is.",
}));

export const unknownCode = problem("ZT5023", (code: string, near: string | null) => ({
  message: `No problem has the code '${code}'.`,
  fix: near === null ? "'zeta explain' without a code lists them all." : `Did you mean ${near}?`,
}));

export const unknownTemplate = problem("ZT5024", (name: string, known: readonly string[]) => ({
  message: `There is no example named '${name}'.`,
  fix: known.length === 0 ? "This installation has no examples." : `Choose one of: ${known.join(", ")}.`,
}));

export const folderNotEmpty = problem("ZT5025", (folder: string) => ({
  message: `'${folder}' exists and is not empty.`,
  fix: "Choose a new name; nothing was written.",
}));

export const projectNotWritten = problem("ZT5026", (folder: string, reason: string) => ({
  message: `The project '${folder}' could not be written: ${reason}.`,
  fix: "Check permissions and free space; nothing was left behind.",
}));

export const compilerMissing = problem("ZT5027", (packageName: string) => ({
  message: `The compiler needs the package '${packageName}', which is not installed.`,
  fix: `Install it beside zeta: npm install --save-dev ${packageName}. Bundles run without it.`,
}));

export const badConfig = problem("ZT5028", (path: string, reason: string) => ({
  message: `The config in '${path}' is not usable: ${reason}.`,
  fix: 'Give a JSON object with the fields the service declares, by middlebox: { "acl": { "perSecond": 100 } }.',
}));

export const noService = problem("ZT5029", (name: string) => ({
  message: `'${name}' declares no program to attach.`,
  fix: 'Export a service, or an XDP program: section "xdp".',
}));

export const nothingChosen = problem("ZT5030", (command: string) => ({
  message: `'${command}' was not told what to work on.`,
  fix: "Name a run, or say --interface or --all; 'zeta ps' lists what there is.",
}));

export const noSuchRun = problem("ZT5031", (what: string, known: readonly string[]) => ({
  message: `There is no run ${what}.`,
  fix: known.length === 0 ? "Nothing is running, and nothing was left behind." : `There is: ${known.join(", ")}.`,
}));

export const environmentLacks = problem("ZT5032", (what: string, remedy: string) => ({
  message: `This machine lacks ${what}.`,
  fix: remedy,
}));
