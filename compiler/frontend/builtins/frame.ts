/** The frame: what a program knows of its packet. */
import { coerce, definite } from "../coerce.ts";
import { alive, offsetPlace } from "../memory.ts";
import { wrongArgument } from "../problems.ts";
import { constant, scalar } from "../types.ts";
import { type BuiltinCall, type DeclaredValue, describe, type Value } from "../values.ts";
import { argument, builtin, named } from "./arguments.ts";
import { LONGEST, newCursor } from "./cursor.ts";

function adjust(op: "adjustHead" | "adjustTail", call: BuiltinCall): Value {
  const { to } = call;
  to.effect("moving the packet", call.node);
  const delta = coerce(argument(call, 0), "i32", call.argument(0), to);
  const error = to.emit({ op, delta: delta.operand }, "i64", "error");
  to.movePacket();
  return scalar("bool", to.compare("eq", "i64", error, constant("i64", 0n)));
}

function copy(op: "packetRead" | "packetWrite", call: BuiltinCall): Value {
  const { to } = call;
  if (op === "packetWrite") {
    to.effect("writing to the packet", call.node);
    to.packetWritten();
  }
  const offset = coerce(argument(call, 0), "u32", call.argument(0), to).operand;
  const memory = definite(argument(call, 1), call.argument(1), to);
  if (memory.kind !== "view" || memory.epoch >= 0)
    return to.refuse(
      (at) => wrongArgument(at, "memory: a map value or local(layout)", describe(memory)),
      call.argument(1),
    );
  alive(memory, call.argument(1), to);
  const place = offsetPlace(memory, to);
  const bytes = memory.layout.size;
  const error = to.emit(
    op === "packetRead" ? { op, offset, to: place, bytes } : { op, offset, from: place, bytes },
    "i64",
    "error",
  );
  return scalar("bool", to.compare("eq", "i64", error, constant("i64", 0n)));
}

const CONTEXT = { ingressInterface: "ingressInterface", queue: "queue", egressInterface: "egressInterface" } as const;

/** The packet that a program is run with. Only what runs in a devmap's entry knows where the packet leaves. */
export const frameOf = (section: string): DeclaredValue => ({
  kind: "declared",
  what: "a frame",
  data: null,
  names: [
    "cursor",
    "length",
    "ingressInterface",
    "queue",
    ...(section === "xdp/devmap" ? ["egressInterface"] : []),
    "adjustHead",
    "adjustTail",
    "read",
    "write",
  ],
  read: (name, _node, to) => {
    if (name === "length") return scalar("u32", to.emit({ op: "packetLength" }, "u32", "length"), 0n, LONGEST);
    const field = named(CONTEXT, name);
    return field === null || (field === "egressInterface" && section !== "xdp/devmap")
      ? null
      : scalar("u32", to.emit({ op: "context", field }, "u32", name));
  },
  member: (name) => {
    switch (name) {
      case "cursor":
        return builtin(name, (call) => {
          const start = argument(call, 0);
          return newCursor(
            start.kind === "null"
              ? scalar("u32", constant("u32", 0n))
              : coerce(start, "u32", call.argument(0), call.to),
            null,
            call.to,
          );
        });
      case "adjustHead":
      case "adjustTail":
        return builtin(name, (call) => adjust(name, call));
      case "read":
        return builtin(name, (call) => copy("packetRead", call));
      case "write":
        return builtin(name, (call) => copy("packetWrite", call));
      default:
        return null;
    }
  },
});
