/**
 * Deliberate bugs of the data plane's programs: edits of their sources, compiled as the product's are. Each takes away what a rule of the
 * flow table asks for, and histories by chance find it. Those that show too seldom are in stories.ts.
 */
import type { Shape } from "../plan.ts";
import type { Edit } from "./compiled.ts";
import { PROGRAMS } from "./shape.ts";

export interface ProgramMutation {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly shape: Shape;
  /** After how many histories, from seed 1 on, it is caught: the seed of the one that catches it. */
  readonly after: number;
}

const SERVE = "bpf-lib/table/serve.ts";

/** Members go, one after the other, and what the others have must do. */
const GOING: Partial<Shape> = { only: ["expulsion", "crash", "split"], faults: [5, 10], chain: 3 };
const bug = (name: string, edits: readonly Edit[], after: number, shape: Partial<Shape> = {}): ProgramMutation => ({
  name,
  edits,
  shape: { ...PROGRAMS, ...shape },
  after,
});

export const MUTATIONS: readonly ProgramMutation[] = [
  bug(
    "the head answers by itself",
    [
      {
        file: SERVE,
        only: "table",
        from: "return sustain(turn, family, was);",
        to: "hand.withEntry = 1;\n  return answer(turn, Operation.Reply);",
      },
    ],
    1,
  ),
  bug(
    "updates are stored at the tail only",
    [
      {
        file: SERVE,
        only: "table",
        from: "if (hand.withEntry === 0) return lost(TableFault.Form);\n      if (!hasService",
        to: "if (place + 1 < path.length) return goAlong(turn);\n      if (!hasService",
      },
    ],
    1,
    GOING,
  ),
  bug(
    "the reverse key is missing",
    [{ file: "bpf-lib/flow/commit.ts", only: "table", from: "    call.fresh |= 1 << Fresh.Reverse;\n", to: "" }],
    1,
  ),
  bug(
    "tombstones are ignored",
    [
      {
        file: SERVE,
        only: "table",
        from: "const ended = entry.state === FlowState.Ended;",
        to: "if (entry.state === FlowState.Ended) {\n    forgetBoth(family, entry, parts.protocol, now);\n    return askFor(parts, call, Ask.Decide, index, 0);\n  }\n  const ended = false;",
      },
      {
        file: SERVE,
        only: "table",
        from: "import { isUntold } from",
        to: "import { forgetBoth, isUntold } from",
      },
    ],
    1,
  ),
  bug(
    "lookups do not refresh what has little life left",
    [{ file: SERVE, only: "table", from: " || isDue(parts, entry, now)", to: "" }],
    2,
  ),
  bug(
    "a pool's mapping does not live as long as its flows",
    [
      {
        file: "bpf-lib/table/sustain.ts",
        only: "table",
        from: "return turn.call.keeps === 0 ? goAlong(turn) : enterKeep(family);",
        to: "return goAlong(turn);",
      },
    ],
    1,
  ),
  bug(
    "what earlier views decided is dropped without a word",
    [
      {
        file: SERVE,
        only: "table",
        from: "if (own === null || client.way === null || kept === null) return false;",
        to: "if (own === null || client.way === null || kept === null) return false;\n  if (kept.version >> 40n < u64(turn.view.epoch)) return false;",
      },
      {
        file: SERVE,
        only: "table",
        from: 'type u32 } from "zeta/bpf";',
        to: 'type u32, u64 } from "zeta/bpf";',
      },
    ],
    2,
  ),
  bug(
    "a flow of another tenant is taken for the packet's own",
    [
      {
        file: SERVE,
        only: "table",
        from: "family.find(family.keyOf(parts, call.vni), now);\n  const entry = found.way;\n  if (entry === null && isAhead",
        to: "family.find(family.keyOf(parts, 0), now);\n  const entry = found.way;\n  if (entry === null && isAhead",
      },
    ],
    1,
  ),
  bug(
    "a port of any bucket is taken",
    [
      {
        file: "bpf-lib/table/pools.ts",
        only: "table",
        from: "settlePools(parts, family, call, portsOfBucket)",
        to: "settlePools(parts, family, call, anyPort)",
      },
      {
        file: "bpf-lib/table/pools.ts",
        only: "table",
        from: "import type { Ports } from",
        to: "import { anyPort, type Ports } from",
      },
    ],
    1,
  ),
];
