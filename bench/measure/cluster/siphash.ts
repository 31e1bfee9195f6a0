/** SipHash-2-4 by itself: what the tag of a short and of a long operation costs, each time that it is made or checked. */
import { fileURLToPath } from "node:url";
import { compile } from "../../../compiler/index.ts";
import { load } from "../../../runtime/index.ts";
import { tcp } from "../../../test/kit/index.ts";
import type { OperationRow } from "../../report/row.ts";
import { measure, type RoundOptions } from "../rounds.ts";
import { net } from "../statistics.ts";
import { openFrames } from "../wrapper.ts";

const NAMES = {
  sip_short: "cluster, SipHash of a short operation",
  sip_long: "cluster, SipHash of a long operation",
} as const;
const BYTES = { sip_short: 40, sip_long: 160 } as const;
export const SIPHASH_ROWS: readonly string[] = Object.values(NAMES);

export async function measureSipHash(options: RoundOptions): Promise<readonly OperationRow[]> {
  const built = await compile(fileURLToPath(new URL("../../programs/siphash.ts", import.meta.url)), { cpu: "v3" });
  if (!built.ok) throw new Error(built.problems.map(({ message }) => message).join("\n"));
  const frames = await openFrames([tcp("10.0.0.1:10000", "10.1.0.1:80").payload("0123456789").bytes]);
  using object = await load({ object: built.code.object, manifest: built.manifest });
  try {
    const of = { bare: null, sip_short: object.program("sip_short"), sip_long: object.program("sip_long") };
    const times = await measure(of, frames, options, null);
    return (["sip_short", "sip_long"] as const).map((name) => ({
      name: NAMES[name],
      operationNs: net(times[name], times.bare),
      at: "siphash",
      flows: 1,
      standing: 0,
      pattern: `${BYTES[name]} bytes, the same each time`,
      frameBytes: frames.first.length,
      wrapperNs: times.bare,
    }));
  } finally {
    frames.map.close();
  }
}
