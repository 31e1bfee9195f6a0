/**
 * The simulator has teeth for the programs too: each of these bugs, compiled into them, breaks an invariant. A search begins at
 * the seed whose history breaks it first (`npm run simulate -- --programs --mutations` counts them from the first seed on).
 */
import { describe, expect, test } from "vitest";
import { campaign } from "../campaign.ts";
import { programsOf } from "./compiled.ts";
import { MUTATIONS } from "./mutations.ts";
import { byPrograms } from "./play.ts";

describe("is caught", () => {
  test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    "%s",
    async (_, { edits, shape, after }) => {
      const play = byPrograms(await programsOf(edits));
      const { failures } = campaign({ histories: 25, seed: after, shape, play, untilViolated: true });
      expect(failures).toHaveLength(1);
    },
    900_000,
  );
});
