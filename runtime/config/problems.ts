/** What can be wrong with a service's config. Codes are written by hand and never reused; pages in docs/errors. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const wrongValue = problem("ZT6001", (path: string, reason: string) => ({
  message: `Config '${path}': ${reason}.`,
  fix: "Correct the value. A config is taken as a whole or not at all: nothing was changed.",
}));

export const unknownField = problem("ZT6002", (path: string, known: readonly string[]) => ({
  message: `There is no config field '${path}'.`,
  fix: known.length === 0 ? "The service declares none here." : `It has: ${known.join(", ")}.`,
}));

export const missingField = problem("ZT6003", (path: string) => ({
  message: `Config '${path}' is missing.`,
  fix: "Give it a value: every declared field has one. `zeta run` takes them by --config FILE; docs/cli.md shows each kind of field.",
}));

export const tooManyEntries = problem("ZT6004", (path: string, count: number | bigint, max: number) => ({
  message: `Config '${path}' has ${count} entries; it is declared to hold at most ${max}.`,
  fix: "Give fewer, or raise the field's 'max' and build the service again.",
}));

export const duplicateEntry = problem("ZT6005", (path: string, first: string) => ({
  message: `Config '${path}' stands there twice: '${first}' says the same.`,
  fix: "Keep one of the two.",
}));

export const unreadableConfig = problem("ZT6006", (file: string, reason: string | null) => ({
  message:
    reason === null ? `There is no config file '${file}'.` : `The config file '${file}' cannot be read: ${reason}.`,
  fix:
    reason === null
      ? "Check the path; it is taken relative to the working directory."
      : "Give a JSON file: an object with one part per middlebox.",
}));

export const dangling = problem("ZT6008", (path: string, missing: string, among: string) => ({
  message: `Config '${path}' names ${missing}, which is not among ${among}.`,
  fix: "Add it there, or name one that is.",
}));

export const notAService = problem("ZT6007", (name: string) => ({
  message: `'${name}' declares no service, so it has no config, listens to nothing and counts no drops.`,
  fix: "Export a service: export default service(NAME, { chain: [MIDDLEBOX] }).",
}));

export const foldedField = problem("ZT6009", (path: string, value: string) => ({
  message: `Config '${path}' is folded into the service's programs, as ${value}: it cannot change while they run.`,
  fix: "Leave it out; or build the service again, with the new value or without folding (zeta build --fold), and upgrade to that.",
}));

export const notFoldable = problem("ZT6010", (path: string, kind: string) => ({
  message: `Config '${path}' cannot be folded into the programs: it is ${kind}, and only scalars and structs of scalars can.`,
  fix: "Leave it out of the file that '--fold' names, and give it as config.",
}));
