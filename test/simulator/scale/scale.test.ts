/** The curves of docs/flow-table.md are what they are said to be. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { curves } from "./curves.ts";
import { asDrawing } from "./drawing.ts";
import { asTable } from "./table.ts";

const points = curves();
const read = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

test("table and drawing in the documents are those of today (`npm run simulate -- --svg docs/scaling.svg`)", () => {
  expect(read("flow-table.md")).toContain(asTable(points));
  expect(read("scaling.svg")).toBe(asDrawing(points));
});

test("a chain that comes or goes moves no more buckets than it must", () => {
  for (const { nodes, movedOut, leastOut, movedIn, leastIn } of points) {
    expect(movedOut, `${nodes} nodes`).toBe(leastOut);
    expect(movedIn, `${nodes} nodes`).toBe(leastIn);
  }
});

test("a new flow takes one message more than its chain is long, whatever the size", () => {
  for (const { messages } of points) expect(messages).toBe(4);
});

test("chains share flows evenly while each has buckets enough", () => {
  for (const { chains, balance } of points) if (chains <= 100) expect(balance).toBeLessThan(1.1);
});
