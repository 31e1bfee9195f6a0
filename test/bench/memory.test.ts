/** Memory is printed with what bounds it, and the bounds hold: of tables that are full too. */
import { expect, test } from "vitest";
import { measureMemory } from "../../bench/measure/memory.ts";
import type { MemoryRow } from "../../bench/report/row.ts";
import { table } from "../../bench/report/table.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";

const lacking = missingCapabilities();
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;
/** A rule's prefix and ports, at the least. */
const RULE = 24;

test.skipIf(reason !== "")(
  `what flows, a node and its services take is below what bounds it${reason}`,
  async () => {
    const rows = await measureMemory(() => true);
    const named = (name: string): MemoryRow => rows.find((row) => row.name === name) as MemoryRow;
    for (const row of rows) {
      expect(row.memory, row.name).toBeGreaterThan(0);
      expect(row.memory, row.name).toBeLessThanOrEqual(row.most);
    }
    // Both directions, a way each, in tables that are full at 85 %.
    const each = ({ memory, room }: MemoryRow): number => Math.round(memory / (room as number));
    expect([4, 6].map((family) => each(named(`memory of a flow, IPv${family}`)))).toEqual([170, 302]);
    const [few, many] = [named("memory of a service, acl"), named("memory of a service, acl with 100 000 rules")];
    expect(many.memory - few.memory).toBeGreaterThan(99_000 * RULE);
    expect(many.most).toBe(few.most);
  },
  120_000,
);

test("for people: per flow where there is room for many, else as a whole", () => {
  const rows: MemoryRow[] = [
    { name: "memory of a flow, IPv4", memory: 2 ** 24, most: 2 ** 24, room: 2 ** 16 },
    { name: "memory of a service, acl", memory: 2 ** 20, most: 3 * 2 ** 20, room: null },
  ];
  expect(table(rows).split("\n")).toEqual([
    "memory of a flow, IPv4: 256 bytes each, at most 256; room for 65536 in 16.00 MiB",
    "memory of a service, acl: 1.00 MiB, at most 3.00 MiB",
  ]);
});
