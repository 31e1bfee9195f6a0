/** The compiler, loaded when it is needed: TypeScript alone takes half a second. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { type Problem, type Span, ZetaError } from "../../compiler/diagnostics/problem.ts";
import { noSuchInput } from "./problems.ts";
import type { Session } from "./session.ts";

export type Compiler = typeof import("../../compiler/index.ts");

export { missingPackage } from "../../compiler/problems.ts";

export const loadCompiler = (): Promise<Compiler> => import("../../compiler/index.ts");

/** Problems about input files that are not there at all: told before a compiler is loaded. */
export const missingInputs = (session: Session, files: readonly string[]): Problem[] =>
  files.filter((file) => !existsSync(session.path(file))).map((file) => noSuchInput(null, file));

/**
 * Problems as a person in the session's folder reads them: the compiler names files relative to the entry's folder, which
 * is what objects and manifests carry; here they become paths that can be opened.
 */
export function localize(session: Session, entry: string, problems: readonly Problem[]): Problem[] {
  const folder = dirname(session.path(entry));
  const place = <At extends Span | null>(at: At): At => {
    if (at === null) return at;
    const path = resolve(folder, at.file);
    return existsSync(path) ? { ...at, file: displayPath(session, path) } : at;
  };
  return problems.map((problem) => ({
    ...problem,
    at: place(problem.at),
    notes: problem.notes.map((note) => ({ ...note, at: place(note.at) })),
  }));
}

/** Runs what may fail with problems of a source file (the kernel refuses at an author's line), and localizes them. */
export async function localized<T>(session: Session, entry: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ZetaError)) throw error;
    throw new ZetaError(localize(session, entry, error.problems), { cause: error });
  }
}

/** A path as a person in the session's folder would write it. */
export function displayPath(session: Session, path: string): string {
  if (!isAbsolute(path)) return path;
  const nearby = relative(session.host.cwd, path);
  return nearby.startsWith("..") ? path : nearby;
}
