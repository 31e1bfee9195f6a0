/** The capture of docs/flow-table.md, taken anew in a real lab: its operations and hops are those of today. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { type CapturedWalk, captureWalk } from "../../scripts/walk/capture.ts";
import { PAGE, steadyIn, withWalk } from "../../scripts/walk/document.ts";

let walk: CapturedWalk;
beforeAll(async () => {
  walk = await captureWalk();
}, 400_000);

test("a new flow's packet goes from its forwarder along the whole chain, and back to that forwarder", () => {
  const first = walk.hops.filter(({ packet }) => packet === "SYN");
  const [{ from: forwarder } = { from: "" }] = first;
  const chain = walk.chains.find((one) => one.includes(first[0]?.to ?? "")) ?? [];
  expect(forwarder).toMatch(/^forwarder[123]$/);
  expect(chain).toHaveLength(3);
  const [head, replica, tail] = chain;
  const packet = "SYN";
  expect(first).toEqual([
    { from: forwarder, to: head, operation: "Decide", place: 0, hops: 19, packet },
    { from: head, to: replica, operation: "Update", place: 1, hops: 18, packet },
    { from: replica, to: tail, operation: "Update", place: 2, hops: 17, packet },
    { from: tail, to: forwarder, operation: "Reply", place: 2, hops: 16, packet },
  ]);
});

test("the documents' capture is that of today, but for what is drawn at random (`npm run docs:walk`)", () => {
  const page = readFileSync(new URL(`../../${PAGE}`, import.meta.url), "utf8");
  expect(steadyIn(page)).toEqual(steadyIn(withWalk(page, walk)));
});
