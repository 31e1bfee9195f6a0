/** The table against a plain Map, below its capacity and up to it, with time under the test's command. */
import { describe, expect, test } from "vitest";
import { type Random, random, type TestTarget } from "../kit/index.ts";
import { onEveryTarget } from "../kit/matchers.ts";
import { client, Outcome } from "./client.ts";
import { checkTable } from "./dump.ts";

const program = (name: string): URL => new URL(`./programs/${name}.ts`, import.meta.url);
/** The test clock has 250 ticks in a second, and a span is 16 of them. */
const SPAN = 64_000_000n;
const WAYS = 256;

const seedOf = (target: TestTarget): bigint[] => [...(target.globals.get("zeta_seed") as Iterable<bigint>)];
const keysOf = (draw: Random, words: number, count: number): bigint[][] =>
  Array.from({ length: count }, () => Array.from({ length: words }, () => draw.u64()));

for (const [name, words] of [
  ["small", 2],
  ["large", 5],
  ["long", 5],
] as const) {
  describe(`${name}: ways of ${words} words`, () => {
    onEveryTarget(program(name), (target) => {
      test("finds, adds, keeps alive, forgets and removes as a Map would", async () => {
        const table = client(target);
        const draw = random(words);
        const keys = keysOf(draw, words, 150);
        const oracle = new Map<string, { value: bigint; until: number }>();
        let now = 0;
        const living = (key: readonly bigint[]) => {
          const one = oracle.get(key.join());
          return one !== undefined && one.until > now ? one : null;
        };
        for (let step = 0; step < 3000; step++) {
          const key = draw.pick(keys);
          const known = living(key);
          const what = draw.weighted([
            [6, "find"],
            [5, "insert"],
            [2, "remove"],
            [3, "touch"],
            [1, "wait"],
          ] as const);
          const idle = draw.between(1, 60);
          if (what === "wait") {
            const spans = draw.between(1, 8);
            now += spans;
            target.advance(SPAN * BigInt(spans));
          } else if (what === "find") expect(await table.find(key)).toBe(known?.value ?? null);
          else if (what === "touch") {
            expect(await table.touch(key, idle)).toBe(known !== null);
            if (known !== null) known.until = now + idle;
          } else if (what === "remove") {
            expect(await table.remove(key)).toBe(known !== null);
            oracle.delete(key.join());
          } else {
            const value = draw.u64();
            const made = await table.insert(key, value, idle);
            expect(made.answer).toBe(known === null ? Outcome.Inserted : Outcome.There);
            expect(made.value).toBe(known?.value ?? value);
            if (known === null) oracle.set(key.join(), { value, until: now + idle });
          }
          if (step % 250 === 0) checkTable(table.dump(), seedOf(target));
        }
        checkTable(table.dump(), seedOf(target));
        for (const key of keys) expect(await table.find(key)).toBe(living(key)?.value ?? null);
      });

      test("most keys are put at their homes, which are known before", async () => {
        const table = client(target);
        const keys = keysOf(random(40 + words), words, WAYS / 4);
        let there = 0;
        for (const key of keys) {
          const home = await table.home(key);
          const { answer, index } = await table.insert(key, 1n, 1000);
          expect(answer).toBe(Outcome.Inserted);
          if (index === home) there++;
        }
        expect(there).toBeGreaterThan(keys.length * 0.7);
      });

      test("fills to nine tenths before it refuses, keeps what it has, and takes new flows when old ones are over", async () => {
        const table = client(target);
        const keys = keysOf(random(70 + words), words, 2 * WAYS);
        const added: bigint[][] = [];
        for (const [number, key] of keys.entries()) {
          const { answer } = await table.insert(key, BigInt(number), number < 40 ? 10 : 1000);
          if (answer !== Outcome.Inserted) {
            expect(answer).toBe(Outcome.Full);
            break;
          }
          added.push(key);
        }
        expect(added.length).toBeGreaterThan(WAYS * 0.9);
        expect(checkTable(table.dump(), seedOf(target))).toHaveLength(added.length);
        for (const [number, key] of added.entries()) expect(await table.find(key)).toBe(BigInt(number));
        // Of the first forty, nothing is left in time; the refused one finds a way now.
        target.advance(SPAN * 10n);
        const refused = keys[added.length] as bigint[];
        for (const key of added.slice(0, 40)) expect(await table.find(key)).toBeNull();
        let taken = 0;
        for (const key of [refused, ...keys.slice(added.length + 1)])
          if ((await table.insert(key, 7n, 1000)).answer === Outcome.Inserted) taken++;
        expect(taken).toBeGreaterThanOrEqual(30);
        for (const [number, key] of added.entries())
          if (number >= 40) expect(await table.find(key)).toBe(BigInt(number));
        checkTable(table.dump(), seedOf(target));
      });

      test("lives exactly as long as it was given", async () => {
        const table = client(target);
        const [key] = keysOf(random(5), words, 1) as [bigint[]];
        await table.insert(key, 1n, 3);
        target.advance(SPAN * 3n - 1n);
        expect(await table.find(key)).toBe(1n);
        target.advance(1n);
        expect(await table.find(key)).toBeNull();
        expect((await table.insert(key, 2n, 3)).answer).toBe(Outcome.Inserted);
        expect(await table.find(key)).toBe(2n);
      });
    });
  });
}

describe("a table that replaces the oldest", () => {
  onEveryTarget(program("cache"), (target) => {
    test("takes every key, at the cost of the one of four that has least to live", async () => {
      const table = client(target);
      const seed = seedOf(target);
      const keys = keysOf(random(3), 2, 4 * WAYS);
      for (const [number, key] of keys.entries()) {
        const before = table.dump();
        const { answer, index } = await table.insert(key, BigInt(number), 100);
        expect(answer).toBe(Outcome.Inserted);
        expect(await table.find(key)).toBe(BigInt(number));
        const region = before.slice(index & ~3, (index & ~3) + 4);
        expect(before[index]?.until).toBe(Math.min(...region.map(({ until }) => until)));
        target.advance(SPAN / 8n);
      }
      expect(checkTable(table.dump(), seed).length).toBeGreaterThan(WAYS * 0.9);
    });
  });
});
