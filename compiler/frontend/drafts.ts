/**
 * Statements of a function that is still being lowered. Holes stand where a value of one of several paths is stored once
 * all of them are known.
 */
import type { Block, Statement } from "../ir/ir.ts";
import type { Knowledge } from "./knowledge.ts";

/** Statements to be decided later; flattened away when the function is finished. */
export interface Hole {
  readonly kind: "hole";
  readonly statements: Draft[];
  /** What is known where it stands. */
  readonly knowledge: Knowledge;
}
export type Draft = Statement | Hole;

/** Drafts with their holes dissolved. */
export function settle(drafts: readonly Draft[]): Block {
  return drafts.flatMap((draft): Statement[] => {
    switch (draft.kind) {
      case "hole":
        return [...settle(draft.statements)];
      case "if":
        return [{ ...draft, then: settle(draft.then), otherwise: settle(draft.otherwise) }];
      case "switch":
        return [
          {
            ...draft,
            cases: draft.cases.map((c) => ({ ...c, body: settle(c.body) })),
            otherwise: settle(draft.otherwise),
          },
        ];
      case "loop":
      case "block":
      case "repeat":
      case "drain":
        return [{ ...draft, body: settle(draft.body) }];
      default:
        return [draft];
    }
  });
}
