/** Packets on their walk from node to node (bench/rivals/walk.c), where nodes only make them longer and shorter. */
import { describe, expect, test } from "vitest";
import { type Keep, openWalk, type Packets, type WalkOptions } from "../../bench/measure/cluster/walk.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { lookup } from "../../runtime/loader/map-operations.ts";
import { word } from "../../runtime/loader/word.ts";
import { tcp } from "../kit/index.ts";

const lacking = missingCapabilities();
const reason = lacking.length === 0 ? "" : ` (skipped: needs ${lacking.join(", ")})`;
const ANYWHERE = { namespace: "/proc/self/ns/net", interface: 1 };
const FLOWS = 128;
const packets: Packets = {
  first: tcp("10.0.0.0:10000", "10.1.0.1:80").payload("0123456789").bytes,
  flows: FLOWS,
  before: 0,
};
/** As a forwarder, a head and a forwarder do. */
const HEADS = [86, 124, -210];

/** The packets that have been kept, without what nodes have put before them. */
async function keptBy(options: Omit<WalkOptions, "packets">, keep: Keep): Promise<readonly Buffer[]> {
  using walk = await openWalk(HEADS, { packets, ...options, keep }, ANYWHERE);
  walk.run(FLOWS);
  const { map } = walk.kept();
  return Array.from({ length: keep.count }, (_, flow) =>
    Buffer.from(lookup(map, word(flow)) as Uint8Array).subarray(keep.bytes - 64, keep.bytes),
  );
}
const flowOf = (packet: Buffer): number => packet.readUInt32BE(26) - 0x0a00_0000;

describe.skipIf(reason !== "")(`walks${reason}`, () => {
  const all = Array.from({ length: FLOWS }, (_, flow) => flow);
  for (const batch of [1, 64])
    for (const [at, bytes] of [64, 150, 274, 64].entries())
      test(`by batches of ${batch}: each flow's packet comes to node ${at} once, with what those before have put there`, async () => {
        const kept = await keptBy({ batch }, { at, count: FLOWS, bytes });
        expect(kept.map(flowOf)).toEqual(all);
        expect(kept.map((packet) => packet.readUInt16BE(34))).toEqual(all.map((flow) => 10_000 + flow));
        for (const packet of kept) expect(packet.subarray(54).toString()).toBe("0123456789");
      });

  test("packets of another length than was told are not kept for it", async () => {
    await expect(keptBy({}, { at: 1, count: FLOWS, bytes: 64 })).rejects.toThrow(`${FLOWS} packets did not come`);
  });
});
