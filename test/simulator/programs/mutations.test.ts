/**
 * The simulator has teeth for the programs too: each of these bugs, compiled into them, breaks an invariant, after as many histories as
 * mutations.ts says (`npm run simulate -- --programs --mutations` counts them, and says what each breaks).
 */
import { describe, expect, test } from "vitest";
import { campaign } from "../campaign.ts";
import { programsOf } from "./compiled.ts";
import { MUTATIONS } from "./mutations.ts";
import { byPrograms } from "./play.ts";

describe("is caught", () => {
  test.each(MUTATIONS.map((mutation) => [mutation.after, mutation.name, mutation] as const))(
    "by history %i: %s",
    async (after, _, { edits, shape }) => {
      const play = byPrograms(await programsOf(edits));
      const { failures } = campaign({ histories: after, seed: 1, shape, play, untilViolated: true });
      expect(failures.map(({ seed }) => seed)).toEqual([after]);
    },
    900_000,
  );
});
