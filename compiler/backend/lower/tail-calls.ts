/**
 * Tail calls that something of the packet is looked at behind. Many kernels, 6.12 among them, believe that the packet has
 * moved when they come back from a tail call that was none: its bounds must be read again then. Mostly nothing but the return
 * of an action stands there, and nothing need be read.
 */
import type { Block, Op, Statement } from "../../ir/ir.ts";
import { opOf, statements } from "./walk.ts";

const PACKET: ReadonlySet<Op["op"]> = new Set<Op["op"]>(["packetAt", "packetFits", "packetLength"]);

/** Reads the packet's bounds. */
export const usesBounds = (op: Op): boolean => PACKET.has(op.op) || (op.op === "element" && op.type === "packet");

/** The tail calls of a routine, as operations, on some way from which the packet's bounds are used. */
export function tailCallsBeforePacket(body: Block): ReadonlySet<Op> {
  const found = new Set<Op>();
  /** By label: whether the bounds are used after a break, and after a continue. */
  const exits = new Map<number, boolean>();
  const turns = new Map<number, boolean>();

  const usedIn = (block: Block): boolean =>
    statements(block).some((one) => {
      const op = opOf(one);
      return op !== null && usesBounds(op);
    });
  const before = (block: Block, after: boolean): boolean =>
    block.reduceRight((used, statement) => beforeStatement(statement, used), after);
  const beforeStatement = (statement: Statement, after: boolean): boolean => {
    switch (statement.kind) {
      case "let":
        if (statement.op.op === "tailCall" && after) found.add(statement.op);
        return after || usesBounds(statement.op);
      case "if":
        return [statement.then, statement.otherwise].map((block) => before(block, after)).includes(true);
      case "switch": {
        const blocks = [...statement.cases.map(({ body }) => body), statement.otherwise];
        return blocks.map((block) => before(block, after)).includes(true);
      }
      case "block":
        exits.set(statement.label, after);
        return before(statement.body, after);
      case "loop": {
        const again = after || usedIn(statement.body);
        exits.set(statement.label, after);
        turns.set(statement.label, again);
        return before(statement.body, again);
      }
      case "repeat":
      case "drain":
        return after || usedIn(statement.body);
      case "break":
        return exits.get(statement.label) ?? true;
      case "continue":
        return turns.get(statement.label) ?? true;
      case "return":
        return false;
      default:
        return after;
    }
  };
  before(body, false);
  return found;
}
