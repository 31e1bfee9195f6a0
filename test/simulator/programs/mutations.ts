/**
 * Deliberate bugs of the data plane's programs: edits of their sources, compiled as the product's are. Each takes away what a rule of the
 * flow table asks for, and the simulator has to find it.
 */
import type { Shape } from "../plan.ts";
import type { Edit } from "./compiled.ts";
import { PROGRAMS } from "./shape.ts";

export interface ProgramMutation {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly shape: Shape;
  /** After how many histories, from seed 1 on, it is caught: the last one's seed. */
  readonly after: number;
}

const SERVE = "bpf-lib/table/serve.ts";
const STORE = "bpf-lib/table/store.ts";
const ANSWERED = "bpf-lib/table/answered.ts";

/** Members go, one after the other, and what the others have must do. */
const GOING: Partial<Shape> = { only: ["expulsion", "crash", "split"], faults: [5, 10], chain: 3 };
/** Half of what goes along a chain of two and back is lost. */
const LOSSY: Partial<Shape> = {
  chain: 2,
  weather: { ...PROGRAMS.weather, loss: 0.3 },
  times: { ...PROGRAMS.times, closing: 20 },
};
const LATE: Partial<Shape> = { weather: { late: 0.3, latest: 0.5, loss: 0, duplication: 0 } };

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
        from: "if (place === 0 || hand.withEntry === 0) return lost(TableFault.Role);",
        to: "if (place === 0 || hand.withEntry === 0) return lost(TableFault.Role);\n      if (place + 1 < path.length) return goAlong(turn);",
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

/** What no history of ours has caught: docs/decisions/0018-what-the-simulator-cannot-tell.md says why. */
export const UNCAUGHT: readonly ProgramMutation[] = [
  bug(
    "operations of another epoch are carried out",
    [
      { file: SERVE, only: "table", from: "if (epoch !== view.epoch) {", to: "if (epoch === 0) {" },
      { file: SERVE, only: "table", from: "pathAt(epoch, bucket)", to: "pathAt(view.epoch, bucket)" },
    ],
    1,
    {
      only: ["left behind", "stale view", "split", "expulsion"],
      faults: [25, 40],
    },
  ),
  bug(
    "the reading member says what is absent",
    [
      {
        file: SERVE,
        only: "table",
        from: "if (entry === null) return toHead(turn, path, Operation.Decide);",
        to: "if (entry === null) return answer(turn, Operation.Nobody);",
      },
    ],
    1,
  ),
  bug(
    "a replica takes the newer decision for its own",
    [
      {
        file: STORE,
        only: "table",
        from: "if (isNewer && (told || hasRested(way, protocol, now))) {",
        to: "if (isNewer) {",
      },
    ],
    1,
  ),
  bug(
    "the head forgets an end that not all have heard of",
    [
      {
        file: "bpf-lib/table/ended.ts",
        only: "table",
        from: "return client.state !== FlowState.Ended && i32(rests - soon) > 0 ? rests : soon;",
        to: "return soon;",
      },
    ],
    1,
    LOSSY,
  ),
  bug(
    "leases run from when the answer came",
    [
      {
        file: ANSWERED,
        only: "forwarder",
        from: "const passed: u32 = now - hand.of.sent;",
        to: "const passed: u32 = 0;",
      },
      { file: ANSWERED, only: "forwarder", from: " - (spansNow() - hand.of.sent);", to: ";" },
    ],
    1,
    LATE,
  ),
];
