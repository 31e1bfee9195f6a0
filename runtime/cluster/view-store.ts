/**
 * A cluster's store, as far as one machine needs one: a file with the newest view, which is replaced whole. One at a time writes it,
 * epochs that go up; agents read it several times while a lease lasts, and renew their leases by what they have read alone.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { failure } from "../loader/problems.ts";
import { badStore } from "./problems.ts";
import type { View } from "./view.ts";
import { checkedView } from "./view-schema.ts";

/** Written beside and renamed: who reads it has the whole of one view. */
export function writeView(file: string, view: View): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(view), { mode: 0o600 });
  renameSync(draft, file);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw failure(badStore(null, file, reasonOf(error)), error);
  }
}

/**
 * Gives the view that is there now, the same object for as long as that is the same; null where there is none yet.
 * @throws ZetaError: ZT8505, and ZT8502 for what is no view.
 */
export function viewReader(file: string): () => View | null {
  let last: { readonly text: string; readonly view: View } | null = null;
  return () => {
    const text = textOf(file);
    if (text === null) return null;
    if (last?.text === text) return last.view;
    try {
      last = { text, view: checkedView(JSON.parse(text)) };
    } catch (error) {
      throw error instanceof ZetaError ? error : failure(badStore(null, file, reasonOf(error)), error);
    }
    return last.view;
  };
}
