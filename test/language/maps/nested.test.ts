/** Maps of maps: inner maps are put in from outside, and may be missing. */
import { expect } from "vitest";
import { onTargets, packetOf, verdicts } from "../harness.ts";

onTargets(
  "an inner map found in an array and in a hash",
  `
const byIndex = map.arrayOfMaps({ of: map.hash({ key: u32, value: u32, max: 8 }), max: 4 });
const byKey = map.hashOfMaps({ key: u16, of: map.array({ value: struct({ n: u64 }), max: 4 }), max: 4 });
export default program("nested", (frame) => {
  const cursor = frame.cursor(14);
  const index = cursor.take(u8);
  const key = cursor.take(u8);
  if (index === null || key === null) return Action.Drop;
  const inner = byIndex.get(index);
  if (inner === null) return Action.Aborted;
  const other = byKey.get(key);
  if (other === null) return Action.Drop;
  const cell = other.at(1);
  if (cell === null) return Action.Aborted;
  cell.n++;
  const known = inner.get(key);
  if (known === null) return inner.set(key, 1) ? Action.Pass : Action.Aborted;
  inner.delete(key);
  return Action.Transmit;
});`,
  async (running) => {
    const first = running.map("byIndex").inner(0);
    running.map("byIndex").inner(2);
    const cells = running.map("byKey").inner(5);
    const outcomes = await running.run(
      packetOf(0, 5),
      packetOf(0, 5),
      packetOf(0, 5),
      packetOf(2, 5),
      packetOf(1, 5),
      packetOf(9, 5),
      packetOf(0, 6),
    );
    expect(verdicts(outcomes)).toEqual(["pass", "transmit", "pass", "pass", "aborted", "aborted", "drop"]);
    expect(first.entries()).toEqual([[5, 1]]);
    expect(cells.get(1)).toEqual({ n: 4n });
  },
);
