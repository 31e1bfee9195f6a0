/**
 * The simulator has teeth: what is taken away of the flow table's rules, and of its times, breaks an invariant. Each search begins
 * at the seed whose history breaks it first (`npm run simulate -- --mutations` counts them from the first seed on).
 */
import { describe, expect, test } from "vitest";
import { byModel, campaign } from "./campaign.ts";
import { RULES } from "./model/rules.ts";
import { MUTATIONS, UNCAUGHT } from "./mutations.ts";

describe("is caught", () => {
  test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    "%s",
    (_, { rules, shape, after }) => {
      const { failures } = campaign({ histories: 80, seed: after, play: byModel(rules), shape, untilViolated: true });
      expect(failures).toHaveLength(1);
    },
    120_000,
  );
});

test("the rules are what is missed: with all of them, the same histories keep the invariants", () => {
  for (const { name, shape, after } of MUTATIONS) {
    const { violations } = campaign({
      histories: 1,
      seed: after,
      shape: name.startsWith("11") ? { ...shape, bend: undefined } : shape,
    });
    expect(violations, name).toBe(0);
  }
}, 120_000);

test("every rule is taken away by some mutation, caught or not", () => {
  const off = [...MUTATIONS, ...UNCAUGHT].flatMap(({ rules }) =>
    Object.entries(rules).flatMap(([name, kept]) => (kept ? [] : [name])),
  );
  expect([...new Set(off)].sort()).toEqual(Object.keys(RULES).sort());
});
