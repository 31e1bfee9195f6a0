/** Bugs of the programs that histories by chance do not show: each breaks an invariant in its story, which the programs as they are keep. */
import { describe, expect, test } from "vitest";
import { planOfStory, type Story } from "../script.ts";
import { type Edit, programsOf } from "./compiled.ts";
import { byPrograms } from "./play.ts";
import { STORIES } from "./stories.ts";

const broken = async (story: Story, edits: readonly Edit[]) =>
  byPrograms(await programsOf(edits))(planOfStory(story, 1)).violation?.invariant ?? null;

describe("is caught by its story, which keeps the invariants without it", () => {
  test.each(STORIES.map((story) => [story.name, story] as const))(
    "%s",
    async (_, { bugs, story, breaks }) => {
      expect(await broken(story, bugs.flat())).toBe(breaks);
      expect(await broken(story, [])).toBeNull();
    },
    600_000,
  );
});

describe("shows only with the other", () => {
  const each = STORIES.flatMap(({ name, bugs, story }) =>
    bugs.length === 1 ? [] : bugs.map((edits, index) => [`${name}, ${index + 1}`, edits, story] as const),
  );
  test.each(each)(
    "%s",
    async (_, edits, story) => {
      expect(await broken(story, edits)).toBeNull();
    },
    600_000,
  );
});
