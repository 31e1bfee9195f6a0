/** `pass`, `drop`, `reject`, and what bpf-lib asks of the compiler (sdk/middlebox/internal.ts). */
import { callFunction, expectFunction } from "../calls.ts";
import { definite, toScalar } from "../coerce.ts";
import { Refusal } from "../frames.ts";
import { badDeclaration, badName, hostOnly, keyFieldEdited, uncompleted, wrongArgument } from "../problems.ts";
import { openOwn, servingGeneration } from "../services/own.ts";
import { scalarConstant } from "../types.ts";
import { type BuiltinCall, describe, NULL, type ObjectValue, type ScalarType, type Value } from "../values.ts";
import { argument, builtin, layoutOf, textArgument } from "./arguments.ts";
import { MOST_REASONS } from "./limits.ts";

const KIND = { pass: 0n, drop: 1n, reject: 2n } as const;

const SHAPE: readonly (readonly [string, ScalarType])[] = [
  ["change", "u32"],
  ["source", "address"],
  ["sourcePort", "u16"],
  ["destination", "address"],
  ["destinationPort", "u16"],
  ["place", "address"],
  ["vni", "u32"],
  ["sourcePool", "u32"],
  ["destinationPool", "u32"],
  ["binds", "u32"],
  ["note", "u32"],
  ["offer", "u32"],
  ["shift", "u32"],
];

/** The shape of `Outcome` in sdk/middlebox/internal.ts, with nothing changed. */
function outcome(kind: bigint, reason: bigint): ObjectValue {
  const fields = new Map<string, Value>([
    ["kind", scalarConstant("u32", kind)],
    ["reason", scalarConstant("u32", reason)],
    ...SHAPE.map(([name, type]) => [name, scalarConstant(type, 0n)] as const),
  ]);
  return {
    kind: "object",
    name: "a verdict",
    fields: new Map([...fields].map(([name, value]) => [name, { kind: "cell", cell: { kind: "fixed", value } }])),
  };
}

/** Whether a value is what a verdict or decision is while compiling. */
export const isOutcome = (value: Value): boolean =>
  value.kind === "object" && ["kind", "reason", ...SHAPE.map(([name]) => name)].every((name) => value.fields.has(name));

/** The middlebox whose hook is being compiled. */
function currentBox(call: BuiltinCall): string {
  const { module, frames } = call.to;
  for (const frame of frames.toReversed()) {
    const hook = module.hooks.get(frame.declaration);
    if (hook !== undefined) return hook.box;
  }
  return call.to.refuse((at) => hostOnly(at, "drop"), call.node);
}

/** Reasons stand in tables and metrics: no control characters, and not without end. */
const REASON = /^[^\p{C}]{1,63}$/u;

const refusing = (name: "drop" | "reject") =>
  builtin(name, (call) => {
    const { to } = call;
    const reason = textArgument(call, 0, "the reason's name");
    if (!REASON.test(reason))
      to.refuse(
        (at) => badName(at, `a reason to ${name}`, reason, "1 to 63 characters that can be seen"),
        call.argument(0),
      );
    const index = to.module.dropReason(`${currentBox(call)}: ${reason}`);
    if (index > MOST_REASONS) throw new Refusal(null);
    if (index === MOST_REASONS)
      to.refuse(
        (at) => badDeclaration(at, TOO_MANY_REASONS, "Give one name to what is much the same."),
        call.argument(0),
      );
    return outcome(KIND[name], BigInt(index));
  });
const TOO_MANY_REASONS = `A service counts at most ${MOST_REASONS} reasons to drop, and this is one more.`;

function choice(call: BuiltinCall): Value {
  const words = argument(call, 0);
  if (words.kind !== "list")
    return call.to.refuse((at) => wrongArgument(at, "a list of words", describe(words)), call.node);
  const names = words.items.flatMap((item) => (item.kind === "string" ? [item.value] : []));
  return { ...toScalar(argument(call, 1), call.argument(1), call.to), names };
}

/** The same place through another layout. */
function seenAs(call: BuiltinCall): Value {
  const view = definite(argument(call, 0), call.argument(0), call.to);
  const layout = layoutOf(argument(call, 1), call.argument(1), call.to);
  if (view.kind !== "view" || view.layout.size < layout.size)
    return call.to.refuse(
      (at) => wrongArgument(at, `a view of at least ${layout.size} bytes`, describe(view)),
      call.argument(0),
    );
  return { ...view, layout };
}

export const outcomeBuiltins: readonly (readonly [string, Value])[] = [
  ["pass", builtin("pass", () => outcome(KIND.pass, 0n))],
  ["drop", refusing("drop")],
  ["reject", refusing("reject")],
  ["choice", builtin("choice", choice)],
  [
    "refuseKeyEdit",
    builtin("refuseKeyEdit", (call) =>
      call.to.refuse((at) => keyFieldEdited(at, textArgument(call, 0, "a field's name")), call.node),
    ),
  ],
  [
    "openOwn",
    builtin("openOwn", (call) =>
      openOwn(argument(call, 0), toScalar(argument(call, 1), call.argument(1), call.to), call),
    ),
  ],
  ["servingGeneration", builtin("servingGeneration", ({ to }) => servingGeneration(to))],
  [
    "serviceReason",
    builtin("serviceReason", (call) =>
      scalarConstant("u32", BigInt(call.to.module.dropReason(`service: ${textArgument(call, 0, "a reason")}`))),
    ),
  ],
  [
    "needsComplete",
    builtin("needsComplete", (call) => {
      const name = currentBox(call);
      const box = call.to.module.service?.chain.find((each) => each.name === name);
      if (box?.complete == null) call.to.refuse((at) => uncompleted(at, name), call.node);
      return NULL;
    }),
  ],
  [
    "untilCommit",
    builtin("untilCommit", (call) => {
      const { to } = call;
      const { purity } = to;
      to.purity = null;
      try {
        return callFunction(expectFunction(argument(call, 0), call.node, to), [], call.node, to);
      } finally {
        to.purity = purity;
      }
    }),
  ],
  [
    "isPool",
    builtin("isPool", (call) => {
      const to = definite(argument(call, 0), call.argument(0), call.to);
      return scalarConstant("bool", to.kind === "object" && to.fields.has("pool") ? 1n : 0n);
    }),
  ],
  [
    "noteDelivery",
    builtin("noteDelivery", ({ to }) => {
      to.module.delivers = true;
      return NULL;
    }),
  ],
  ["delivers", builtin("delivers", ({ to }) => scalarConstant("bool", to.module.delivers ? 1n : 0n))],
  ["seenAs", builtin("seenAs", seenAs)],
];
