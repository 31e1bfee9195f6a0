/** What histories by chance do not show, histories by hand do: each breaks an invariant without its rule, and none with all of them. */
import { describe, expect, test } from "vitest";
import { byModel } from "./campaign.ts";
import { type Plan, planOf } from "./plan.ts";
import { planOfStory } from "./script.ts";
import { rulesOf, STORIES, wrongOf } from "./stories.ts";

const SEEDS = [1, 2, 3];
/** The same deeds, when frames are lost, doubled and late by chance. */
const inBadWeather = (plan: Plan): Plan => ({
  ...plan,
  weather: { loss: 0.05, duplication: 0.1, late: 0.4, latest: 0.3 },
  script: { deeds: plan.script?.deeds ?? [], mishaps: [] },
});

describe.each(STORIES.map((story) => [story.name, story] as const))("%s", (_, of) => {
  const { without, story } = of;

  test("is caught by its story, whenever agents have their turns", () => {
    for (const seed of SEEDS) {
      const { violation, flows } = byModel(rulesOf(without))(planOfStory(wrongOf(of), seed));
      expect(violation?.invariant, `seed ${seed}`).toBe("No resurrection");
      expect(flows).toBeGreaterThanOrEqual(1);
    }
  });

  test("is what is missed: with all rules the story keeps the invariants, in any weather", () => {
    for (const seed of SEEDS) {
      const plan = planOfStory(story, seed);
      expect(byModel()(plan).violation, `seed ${seed}`).toBeNull();
      expect(byModel()(inBadWeather(plan)).violation, `seed ${seed}, in bad weather`).toBeNull();
    }
  });
});

const DOUBLES = STORIES.filter(({ without }) => without.length > 1);
test.each(DOUBLES.map((story) => [story.name, story] as const))("%s: both have to be taken away", (_, of) => {
  for (const rule of of.without)
    for (const seed of SEEDS)
      expect(byModel(rulesOf([rule]))(planOfStory(of.story, seed)).violation, `${rule}, seed ${seed}`).toBeNull();
});

test("a history without a story is what it was", () => {
  expect(planOf(3).script).toBeUndefined();
});
