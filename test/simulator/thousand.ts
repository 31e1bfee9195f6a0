/** What the thousand histories of `npm test` are asked for. */
import { expect } from "vitest";
import { campaign, inWords } from "./campaign.ts";
import { FAULTS } from "./plan.ts";

export function keepsInvariants(seed: number, histories: number): void {
  const { failures, ...summary } = campaign({ histories, seed });
  for (const failure of failures.slice(0, 3)) console.error(inWords(failure).join("\n"));
  expect(summary.violations).toBe(0);
  expect(summary.least.packets).toBeGreaterThanOrEqual(5000);
  expect(summary.least.flows).toBeGreaterThanOrEqual(200);
  expect(summary.least.faults).toBeGreaterThanOrEqual(5);
  // Connections that stood when failures stopped were tried, and went on.
  expect(summary.stood).toBeGreaterThan(5 * histories);
  expect(Math.min(...Object.values(summary.network))).toBeGreaterThan(10 * histories);
  expect(summary.drifting).toBeGreaterThan(histories);
  expect(Object.keys(summary.faults).sort()).toEqual([...FAULTS].sort());
}
