/**
 * The simulator has teeth: what is taken away of the flow table's rules, and of its times, breaks an invariant, after as many histories as
 * mutations.ts says (`npm run simulate -- --mutations` counts them, and says what each breaks).
 */
import { describe, expect, test } from "vitest";
import { byModel, campaign } from "./campaign.ts";
import { RULES } from "./model/rules.ts";
import { MUTATIONS } from "./mutations.ts";
import { STORIES } from "./stories.ts";

describe("is caught", () => {
  test.each(MUTATIONS.map((mutation) => [mutation.after, mutation.name, mutation] as const))(
    "by history %i: %s",
    (after, _, { rules, shape }) => {
      const play = byModel(rules);
      const { failures } = campaign({ histories: after, seed: 1, play, shape, untilViolated: true });
      expect(failures.map(({ seed }) => seed)).toEqual([after]);
    },
    120_000,
  );
});

test("the rules are what is missed: with all of them, the same histories keep the invariants", () => {
  // Many have the same, which are played once.
  const played = new Map(
    MUTATIONS.map(({ name, sound, after }) => {
      const key = `${after} ${JSON.stringify(sound)} ${sound.bend ?? ""}`;
      return [key, { name, shape: sound, seed: after }] as const;
    }),
  );
  expect(played.size).toBeGreaterThan(20);
  for (const { name, shape, seed } of played.values())
    expect(campaign({ histories: 1, seed, shape }).violations, name).toBe(0);
}, 120_000);

test("every rule is taken away by a mutation that is caught, or by a story", () => {
  const byChance = MUTATIONS.flatMap(({ rules }) =>
    Object.entries(rules).flatMap(([name, kept]) => (kept ? [] : [name])),
  );
  const off = new Set<string>([...byChance, ...STORIES.flatMap(({ without }) => without)]);
  expect([...off].sort()).toEqual(Object.keys(RULES).sort());
});
