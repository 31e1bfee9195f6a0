/**
 * `repeat` and `drain`: the kernel calls their bodies back. What a body uses from around it is put into a block of
 * memory before, and what it may have changed is taken out of it after.
 */
import type { Block, IrType, Statement } from "../../ir/ir.ts";
import type { Value } from "../builder.ts";
import { clear } from "../prelude/helpers.ts";
import { KERNEL } from "../prelude/kernel.ts";
import { leave } from "./calls.ts";
import { forgetEntering } from "./forgetting.ts";
import { at, contextOf, type Frame, type Home, homeOf, i64, resize, slotOf, valueFor } from "./frame.ts";
import { mapAddress } from "./maps.ts";
import { homeAt, layOut, newHome, readHome, writeHome } from "./memory.ts";
import { readPacketBounds } from "./places.ts";
import type { CallbackStatement, Captures, Routine } from "./routines.ts";
import { statements } from "./walk.ts";

/** Slots are aligned to words. */
const SLOT_ALIGN = 8;

/** The kernel goes on when a callback gives 0 and stops when it gives 1. */
const GO_ON = 0;
const STOP = 1;

interface BlockPlan {
  readonly context: number | null;
  readonly temps: readonly number[];
  readonly slots: readonly number[];
  readonly variables: readonly number[];
  readonly bytes: number;
}

function planOf({ temps, slots, variables }: Captures, context: boolean): BlockPlan {
  const types: IrType[] = [...(context ? ["pointer" as const] : []), ...temps.map(({ type }) => type)];
  types.push(...slots.map(() => "pointer" as const), ...variables.map(({ type }) => type));
  const { offsets, bytes } = layOut(types);
  const first = context ? 1 : 0;
  const afterTemps = first + temps.length;
  return {
    context: context ? (offsets[0] ?? 0) : null,
    temps: offsets.slice(first, afterTemps),
    slots: offsets.slice(afterTemps, afterTemps + slots.length),
    variables: offsets.slice(afterTemps + slots.length),
    bytes,
  };
}

const callbackOf = (frame: Frame, statement: Statement): { readonly routine: Routine; readonly captures: Captures } => {
  const routine = frame.routines.callbacks.get(statement);
  if (routine?.callback === null || routine === undefined) throw new Error("a repeat or drain without its callback");
  return { routine, captures: routine.callback.captures };
};

/** Bytes of the block that a statement's callback needs. */
export function captureBytes(frame: Frame, statement: CallbackStatement): number {
  const { routine, captures } = callbackOf(frame, statement);
  return planOf(captures, frame.effectsOf(routine).context).bytes;
}

/** Fills the block, runs `call` with the callback and the block, and takes the changes out. */
function around(frame: Frame, statement: CallbackStatement, call: (callback: Value, block: Value) => Value): Value {
  const { builder } = frame;
  const { routine, captures } = callbackOf(frame, statement);
  const effects = frame.effectsOf(routine);
  const plan = planOf(captures, effects.context);
  const block = frame.blocks.get(statement) ?? builder.nullPointer();
  forgetEntering(frame, statement);
  if (plan.context !== null) builder.store(contextOf(frame), at(frame, block, plan.context));
  captures.temps.forEach((temp, index) => {
    writeHome(frame, homeAt(frame, block, plan.temps[index] ?? 0, temp.type), valueFor(frame, temp));
  });
  captures.slots.forEach((slot, index) => {
    builder.store(slotOf(frame, slot.id), at(frame, block, plan.slots[index] ?? 0));
  });
  const shared = captures.variables.map((variable, index) => {
    const inside = homeAt(frame, block, plan.variables[index] ?? 0, variable.type);
    const outside = homeOf(frame, variable.id);
    writeHome(frame, inside, readHome(frame, outside));
    return { inside, outside, written: captures.written.has(variable.id) };
  });
  const result = call(builder.routine(routine.name), block);
  for (const { inside, outside, written } of shared) if (written) writeHome(frame, outside, readHome(frame, inside));
  if (effects.moves) readPacketBounds(frame, true);
  return result;
}

/**
 * Nothing is called for no turns at all: a verifier that knows so never looks at the callback, takes it for dead code and
 * then misses it.
 */
export function repeat(frame: Frame, statement: Extract<Statement, { kind: "repeat" }>): void {
  const { builder } = frame;
  const trips = resize(frame, valueFor(frame, statement.trips), "i64");
  const run = (): void => {
    around(frame, statement, (callback, block) => builder.call(KERNEL.loop, [trips, callback, block, i64(frame, 0)]));
  };
  if (trips.constant !== null) {
    if (trips.constant > 0n) run();
    return;
  }
  const [turns, end] = [builder.block("turns"), builder.block("turned")];
  builder.branch(builder.compare("ne", trips, i64(frame, 0)), turns, end);
  builder.enter(turns);
  run();
  builder.jump(end);
  builder.enter(end);
}

export function drain(frame: Frame, statement: Extract<Statement, { kind: "drain" }>): void {
  const map = mapAddress(frame, statement.map);
  const count = around(frame, statement, (callback, block) =>
    frame.builder.call(KERNEL.user_ringbuf_drain, [map, callback, block, i64(frame, 0)]),
  );
  if (statement.result !== null) frame.temps.set(statement.result.id, count);
}

const countersIn = (body: Block): ReadonlySet<number> =>
  new Set(statements(body).flatMap((one) => (one.kind === "loop" && one.counter !== null ? [one.counter] : [])));

/**
 * Keeps a loop's counter to the callback itself while it runs. Kernels before 6.8 take two turns of a loop for the same when
 * they differ in memory of another routine only, and the loop for one without end.
 */
function ownHome(frame: Frame, home: Home): Home {
  const own = newHome(frame, home.type);
  writeHome(frame, own, readHome(frame, home));
  frame.handedBack.push({ from: own, to: home });
  return own;
}

/** Binds a callback's captures at its entry. `first` is the kernel's own argument. */
export function receiveCaptures(frame: Frame, first: Value, block: Value): void {
  const { builder, routine } = frame;
  if (routine.callback === null) throw new Error(`${routine.name} is no callback`);
  const { statement, captures } = routine.callback;
  const plan = planOf(captures, frame.effectsOf(routine).context);
  if (plan.context !== null) frame.context = builder.load("ptr", at(frame, block, plan.context));
  captures.temps.forEach((temp, index) => {
    frame.temps.set(temp.id, readHome(frame, homeAt(frame, block, plan.temps[index] ?? 0, temp.type)));
  });
  captures.slots.forEach((slot, index) => {
    frame.slots.set(slot.id, builder.load("ptr", at(frame, block, plan.slots[index] ?? 0)));
  });
  const counters = countersIn(routine.body);
  captures.variables.forEach((variable, index) => {
    const home = homeAt(frame, block, plan.variables[index] ?? 0, variable.type);
    frame.homes.set(variable.id, counters.has(variable.id) ? ownHome(frame, home) : home);
  });
  const end = (result: number) => (): void => leave(frame, i64(frame, result));
  frame.labels.set(statement.label, { leave: end(STOP), again: end(GO_ON) });
  if (statement.kind === "repeat") frame.temps.set(statement.index.id, resize(frame, first, "i32"));
  else copyRecord(frame, statement, captures, first);
}

/** The slot holds the start of a longer record; of a shorter one, which the kernel does not copy, it holds zeros. */
function copyRecord(
  frame: Frame,
  statement: Extract<Statement, { kind: "drain" }>,
  captures: Captures,
  record: Value,
): void {
  const { builder } = frame;
  const bytes = captures.slots.find((slot) => slot.id === statement.slot)?.layout.size;
  if (bytes === undefined) throw new Error("malformed IR: a drain without its slot");
  const to = slotOf(frame, statement.slot);
  builder.call(clear(bytes, SLOT_ALIGN), [to]);
  builder.call(KERNEL.dynptr_read, [to, i64(frame, bytes), record, i64(frame, 0), i64(frame, 0)]);
}
