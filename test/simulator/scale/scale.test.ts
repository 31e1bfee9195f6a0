/** The curves of docs/flow-table.md are what they are said to be. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { curves, type Point, SCALE } from "./curves.ts";
import { asDrawing, pointsIn } from "./drawing.ts";
import { asTable } from "./table.ts";

const read = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
const drawing = read("scaling.svg");
const documented = pointsIn(drawing);

let first: readonly Point[];
beforeAll(async () => {
  first = await curves({ ...SCALE, nodes: SCALE.nodes.slice(0, 2) });
}, 200_000);

test("table and drawing in the documents have all sizes, and the smallest are those of today (`npm run simulate -- --scale --svg docs/scaling.svg`)", () => {
  expect(documented.map(({ nodes }) => nodes)).toEqual(SCALE.nodes);
  expect(documented.slice(0, first.length)).toEqual(first);
  expect(drawing).toBe(asDrawing(documented));
  expect(read("flow-table.md")).toContain(asTable(documented));
});

test("a chain that comes or goes moves no more buckets than it must, and their flows", () => {
  for (const { nodes, bucketsOut, leastOut, movedOut, bucketsIn, leastIn, movedIn } of documented) {
    expect(bucketsOut, `${nodes} nodes`).toBe(leastOut);
    expect(bucketsIn, `${nodes} nodes`).toBe(leastIn);
    // Buckets have their flows by chance: a bucket's are a thousandth of all, give or take a hundredth of that.
    expect(Math.abs(movedOut - leastOut), `${nodes} nodes`).toBeLessThan(0.01);
    expect(Math.abs(movedIn - leastIn), `${nodes} nodes`).toBeLessThan(0.01);
  }
});

test("a new flow takes one message more than its chain is long, whatever the size: counted on walks of the programs", () => {
  for (const { messages, walks } of documented) {
    expect(messages).toBe(SCALE.chain + 1);
    expect(walks).toBeGreaterThan(20);
  }
});

test("nodes share flows evenly while each chain has buckets enough", () => {
  for (const { chains, balance } of documented) if (chains <= 100) expect(balance).toBeLessThan(1.1);
});
