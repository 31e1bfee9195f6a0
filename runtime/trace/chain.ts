/**
 * What each middlebox of a chain has said, from what the chain as a whole has: they are asked in order, and the first that does
 * not say "pass" ends the asking. So the data plane need only tell who that was, and only then.
 */
import type { MiddleboxVerdict } from "./records.ts";

/** A middlebox of a chain: which packets its filter sees, and whether it decides and is asked again. */
export interface ChainLink {
  readonly name: string;
  readonly filters: "client" | "both" | null;
  readonly decides: boolean;
  readonly holds: boolean;
}

/** The last word: what was said, of `OutcomeKind` or `ENDS`, and by which middlebox, where it was not "pass". */
export interface ChainWord {
  readonly kind: number;
  readonly box: number;
  readonly reason: string | null;
}
export const PASSED: ChainWord = { kind: 0, box: 0, reason: null };
/** Of `holds`: the old decision does not stand. Of bpf-lib/node/call.ts: `DENIED` and more name the middlebox that says so. */
export const ENDS = 0x100;
export const DENIED = 2;

const VERDICTS = ["pass", "drop", "reject", "answer", "route"] as const;
const PASS = 0;
const DROP = 1;
const UNTOLD = { rewrites: null, shift: null } as const;

export interface Word {
  readonly middlebox: string;
  readonly hook: "filter" | "decide" | "holds" | "complete";
  readonly verdict: MiddleboxVerdict;
  readonly reason: string | null;
  /** Told afterwards (rewrites.ts). */
  readonly rewrites: null;
  readonly shift: number | null;
}

/** Whether a middlebox was asked, if the asking came as far as it. */
const isAsked = (link: ChainLink, { hook, replies }: { readonly hook: Word["hook"]; readonly replies: boolean }) => {
  if (hook === "decide") return link.decides;
  return hook === "holds" ? link.holds : link.filters !== null && (link.filters === "both" || !replies);
};

/** What was said of a hook, in the order of the chain. A chain that comes to nothing as a whole has no middlebox to name. */
export function wordsOf(
  { chain }: { readonly chain: readonly ChainLink[] },
  asked: { readonly hook: Word["hook"]; readonly replies: boolean },
  said: ChainWord,
): Word[] {
  const last = said.kind === PASS || said.box >= chain.length ? chain.length : said.box;
  return chain.flatMap((link, index): Word[] => {
    if (index > last || !isAsked(link, asked)) return [];
    const { hook } = asked;
    if (index < last) return [{ middlebox: link.name, hook, verdict: "pass", reason: null, ...UNTOLD }];
    const verdict = said.kind === ENDS ? "ends" : (VERDICTS[said.kind] ?? "drop");
    const refused = said.kind === DROP || verdict === "reject";
    return [{ middlebox: link.name, hook, verdict, reason: refused ? said.reason : null, ...UNTOLD }];
  });
}
