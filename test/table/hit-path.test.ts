/** An established flow costs a forwarder what it costs a node by itself: its packets run the very same programs. */
import { expect, test } from "vitest";
import { openNode } from "../../runtime/node/node.ts";

/** What a packet of an established flow goes through: the root, after a filter, by route, and into a tunnel. */
const HIT_PATH = ["zeta_root", "zeta_parse", "zeta_forward", "zeta_wrap", "zeta_shift", "zeta_xlate46", "zeta_xlate64"];

test("the programs of the hit path have the kernel's tags of a single node's", async () => {
  // The kernel's digest of a program's instructions, whatever maps they name.
  const tagsOf = async (role: "single" | "forwarder"): Promise<Record<string, string>> => {
    using node = await openNode({ role, flows: 1000 });
    return Object.fromEntries(HIT_PATH.map((name) => [name, node.object.program(name).information.tag]));
  };
  expect(await tagsOf("forwarder")).toEqual(await tagsOf("single"));
}, 240_000);
