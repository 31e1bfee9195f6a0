/** What operations do besides giving a value. */
import type { Block, Op } from "../ir/ir.ts";
import { walk } from "../ir/operands.ts";

/**
 * `value`: the same operands give the same result, anywhere. `read`: reads what statements may change. `effect`: must
 * happen as often as the author says, in the order in which it stands.
 */
type Nature = "value" | "read" | "effect";

const NATURE: { readonly [K in Op["op"]]: Nature } = {
  binary: "value",
  compare: "value",
  not: "value",
  convert: "value",
  select: "value",
  swap: "value",
  isNull: "value",
  offset: "value",
  element: "value",
  slot: "value",
  global: "value",
  packetAt: "read",
  advance: "value",
  packetFits: "read",
  packetLength: "read",
  context: "read",
  get: "read",
  load: "read",
  mapLookup: "effect",
  mapInner: "effect",
  atomic: "effect",
  mapUpdate: "effect",
  mapDelete: "effect",
  mapPush: "effect",
  mapPop: "effect",
  mapPeek: "effect",
  ringReserve: "effect",
  ringSubmit: "effect",
  ringDiscard: "effect",
  ringOutput: "effect",
  adjustHead: "effect",
  adjustTail: "effect",
  packetRead: "effect",
  packetWrite: "effect",
  time: "effect",
  random: "effect",
  cpu: "effect",
  redirect: "effect",
  redirectMap: "effect",
  tailCall: "effect",
  fibLookup: "effect",
  checksumDiff: "effect",
  lock: "effect",
  unlock: "effect",
  log: "effect",
  barrier: "effect",
  call: "effect",
};

/** Nobody notices when it does not happen and nobody uses its result. */
export const isSilent = (op: Op): boolean => NATURE[op.op] !== "effect";

/** A function that is called may move the packet too. */
const MOVING: ReadonlySet<Op["op"]> = new Set<Op["op"]>(["adjustHead", "adjustTail", "tailCall", "call"]);

/** All places in the packet may be dead afterwards, or the kernel takes them to be: after a tail call that did not happen. */
export const movesPacket = (op: Op): boolean => MOVING.has(op.op);

export function blockMovesPacket(block: Block): boolean {
  let moves = false;
  walk(block, (statement) => {
    if (statement.kind === "let" && movesPacket(statement.op)) moves = true;
  });
  return moves;
}
