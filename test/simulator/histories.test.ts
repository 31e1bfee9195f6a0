/** The flow table's rules, by histories of whole clusters with faults; and that a history is the same each time. */
import { describe, expect, test } from "vitest";
import { playedApart, shares } from "./apart.ts";
import { byModel, campaign, inWords } from "./campaign.ts";
import { fateOf, mix } from "./fate.ts";
import { RULES } from "./model/rules.ts";
import { planOf, USUAL } from "./plan.ts";
import { simulate } from "./public.ts";
import { Queue } from "./queue.ts";

describe("a history", () => {
  test("is the same, event by event, when its seed is played again", () => {
    const [one, again, other] = [7, 7, 8].map((seed) => byModel()(planOf(seed), true));
    expect(again).toEqual(one);
    expect(other?.lines).not.toEqual(one?.lines);
  }, 600_000);

  test("that goes wrong is told in a few words", () => {
    const rules = { ...RULES, leaseFromSend: true, resent: false };
    const { failures } = campaign({ histories: 40, seed: 1, play: byModel(rules), untilViolated: true });
    const [failure] = failures;
    expect(failure).toBeDefined();
    if (failure === undefined) return;
    const lines = inWords(failure, byModel(rules));
    expect(lines.at(-1)).toContain(" VIOLATED: ");
    expect(lines.length).toBeLessThan(120);
    expect(failure.outcome.events).toBeGreaterThan(10 * lines.length);
  }, 600_000);

  test("goes on, for the rest, as it did when something is left out of it", () => {
    const plan = { ...planOf(11, { ...USUAL, faults: [0, 0] }), packets: 1_000_000 };
    const lines = (flows: readonly number[]) => {
      const actions = plan.actions.filter(({ flow }) => flows.includes(flow));
      const all = byModel()({ ...plan, actions }, true).lines;
      // When that is depends on whose packet is the last.
      const end = all.findIndex((line) => line.includes("all faults end"));
      return all.slice(0, end);
    };
    const of = (text: string, flow: number) =>
      new RegExp(`flow ${flow}, life \\d+, from its client, comes to`).test(text);
    const together = lines([0, 20]).filter((line) => of(line, 0));
    expect(together.length).toBeGreaterThan(10);
    expect(lines([0]).filter((line) => of(line, 0))).toEqual(together);
  });
});

describe("simulate of zeta/testing", () => {
  test("plays as many histories as it is told, from the seed on, and says what there was", async () => {
    const seen: number[] = [];
    const one = await simulate({ histories: 2, seed: 40, onHistory: (done) => seen.push(done) });
    expect(one).toMatchObject({ histories: 2, seed: 40, violations: 0, failed: [], nodes: "model" });
    expect(one.packets).toBeGreaterThan(10_000);
    expect(seen).toEqual([1, 2]);
    const { packets } = await simulate({ histories: 1, seed: 41 });
    expect(packets).toBeLessThan(one.packets);
  }, 600_000);

  test.each([{ histories: 0 }, { histories: 1.5 }, { seed: 0.5 }])("refuses %o", async (options) => {
    await expect(simulate(options)).rejects.toThrow(RangeError);
  });
});

describe("histories in several processes", () => {
  test("come to what they come to in one", async () => {
    const { failures: _, ...one } = campaign({ histories: 5, seed: 60 });
    expect(await playedApart({ histories: 5, seed: 60, processes: 2, options: ["--json"] })).toMatchObject(one);
  }, 600_000);

  test("are shared out, none twice", () => {
    expect(shares(7, 3)).toEqual([2, 2, 3]);
    expect(shares(2, 8)).toEqual([1, 1]);
    expect(shares(100_000, 64).reduce((sum, one) => sum + one, 0)).toBe(100_000);
  });

  test("a process that ends early is an error, and ends the others", async () => {
    const ends = playedApart({ histories: 4, seed: 1, processes: 2, options: ["--no-such-option"] });
    await expect(ends).rejects.toThrow(/seed [13] on has ended without a tally/);
  }, 600_000);
});

describe("the machinery", () => {
  test("events come in the order of time, and of arrival where times are equal", () => {
    const queue = new Queue();
    const seen: string[] = [];
    const times = Array.from({ length: 500 }, (_, index) => mix(index, 3) % 50);
    for (const [index, time] of times.entries()) queue.at(time, () => seen.push(`${time}:${index}`));
    queue.runUntil(100, () => false);
    const expected = times.map((time, index) => ({ time, index })).sort((a, b) => a.time - b.time || a.index - b.index);
    expect(seen).toEqual(expected.map(({ time, index }) => `${time}:${index}`));
  });

  test("no frame is under way for longer than a hop may take, and as many are lost and doubled as the weather says", () => {
    const weather = { loss: 0.1, duplication: 0.2, late: 0.5, latest: 0.1 };
    const fates = Array.from({ length: 20_000 }, (_, index) => fateOf(mix(index, 5), weather, 10));
    expect(Math.max(...fates.flat())).toBe(10);
    expect(Math.min(...fates.flat())).toBeGreaterThan(0);
    const share = (copies: number) => fates.filter(({ length }) => length === copies).length / fates.length;
    expect(share(0)).toBeCloseTo(0.1, 1.5);
    expect(share(2)).toBeCloseTo(0.18, 1.5);
  });
});
