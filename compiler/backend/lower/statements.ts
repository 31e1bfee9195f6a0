/** One lowering per statement of the IR: structured control flow becomes blocks and branches. */
import type { Block, Statement } from "../../ir/ir.ts";
import type { IntegerType, Label } from "../builder.ts";
import { landmark, lifetime } from "../prelude/helpers.ts";
import { drain, repeat } from "./callbacks.ts";
import { leave } from "./calls.ts";
import { forget, forgetEntering, withZero } from "./forgetting.ts";
import { exitsOf, type Frame, homeOf, i64, slotOf, valueFor, wholeWords } from "./frame.ts";
import { copyBytes, store, writeHome, zero } from "./memory.ts";
import { lowerOp } from "./operations.ts";
import { llvmType } from "./signature.ts";
import { beginTurns, countTurn } from "./turns.ts";

type Lowerings = {
  readonly [K in Statement["kind"]]: (frame: Frame, statement: Extract<Statement, { kind: K }>) => void;
};

/** A block made when something first jumps to it: code after a join that nothing reaches is never written. */
interface Join {
  jump(): void;
  /** Goes on in the block, if anything jumps there. */
  enter(): void;
}

function join(frame: Frame, name: string): Join {
  let label: Label | null = null;
  return {
    jump() {
      label ??= frame.builder.block(name);
      frame.builder.jump(label);
      frame.reachable = false;
    },
    enter() {
      frame.reachable = label !== null;
      if (label !== null) frame.builder.enter(label);
    },
  };
}

function lowerInto(frame: Frame, label: Label, body: Block, then: Join, first: () => void = () => {}): void {
  frame.builder.enter(label);
  frame.reachable = true;
  first();
  lowerBlock(frame, body);
  if (frame.reachable) then.jump();
}

const lowerIf: Lowerings["if"] = (frame, { condition, then, otherwise }) => {
  const { builder } = frame;
  const test = valueFor(frame, condition);
  const end = join(frame, "end");
  const yes = builder.block("then");
  const no = builder.block("else");
  builder.branch(test, yes, no);
  const present = frame.facts.presentWhen(condition);
  const apart = (): void => void builder.call(landmark, []);
  lowerInto(frame, yes, then, end, present === true ? apart : undefined);
  lowerInto(frame, no, otherwise, end, present === false ? apart : undefined);
  end.enter();
};

/** The widest value that an LLVM switch takes here; beyond it a chain of comparisons does. */
const SWITCH_LIMIT = 1n << 53n;

const lowerSwitch: Lowerings["switch"] = (frame, { type, value, cases, otherwise }) => {
  const { builder } = frame;
  const subject = valueFor(frame, value);
  const of = llvmType(type) as IntegerType;
  const end = join(frame, "end");
  const bodies = cases.map((one, index) => ({
    label: builder.block(`case.${index}`),
    values: one.values,
    body: one.body,
  }));
  const rest = builder.block("default");
  const all = bodies.flatMap(({ label, values }) =>
    values.map((one) => ({ value: BigInt.asUintN(Number(of.slice(1)), one), to: label })),
  );
  if (of !== "i128" && all.every((one) => one.value < SWITCH_LIMIT)) {
    builder.choose(subject, all, rest);
  } else {
    for (const one of all) {
      const next = builder.block("test");
      builder.branch(builder.compare("eq", subject, builder.constant(of, one.value)), one.to, next);
      builder.enter(next);
    }
    builder.jump(rest);
  }
  for (const { label, body } of bodies) lowerInto(frame, label, body, end);
  lowerInto(frame, rest, otherwise, end);
  end.enter();
};

const lowerLoop: Lowerings["loop"] = (frame, loop) => {
  const { builder } = frame;
  const { label, body } = loop;
  const start = builder.block("loop");
  const end = join(frame, "after");
  const again = (): void => {
    builder.jump(start);
    frame.reachable = false;
  };
  beginTurns(frame, loop);
  forgetEntering(frame, loop);
  builder.jump(start);
  frame.labels.set(label, { leave: end.jump, again });
  builder.enter(start);
  countTurn(frame, loop, end.jump);
  lowerBlock(frame, body);
  if (frame.reachable) again();
  end.enter();
};

const lowerRegion: Lowerings["block"] = (frame, { label, body }) => {
  const end = join(frame, "after");
  const again = (): never => {
    throw new Error(`malformed IR: continue of block ${label}`);
  };
  frame.labels.set(label, { leave: end.jump, again });
  lowerBlock(frame, body);
  if (frame.reachable) end.jump();
  end.enter();
};

const LOWERINGS: Lowerings = {
  let: (frame, { result, op }) => {
    const value = lowerOp(frame, op);
    if (result !== null && value !== null) frame.temps.set(result.id, value);
  },
  set: (frame, statement) => {
    const value = valueFor(frame, statement.value);
    const kept = frame.forgetting.sets.has(statement) ? forget(frame, statement.variable, value) : value;
    writeHome(frame, homeOf(frame, statement.variable), kept);
  },
  store,
  copy: copyBytes,
  zero,
  if: lowerIf,
  switch: lowerSwitch,
  loop: lowerLoop,
  block: lowerRegion,
  break: (frame, { label }) => exitsOf(frame, label).leave(),
  continue: (frame, { label }) => exitsOf(frame, label).again(),
  repeat,
  drain,
  return: (frame, { value }) => leave(frame, value === null ? null : valueFor(frame, value)),
};

function lowerStatement<K extends Statement["kind"]>(frame: Frame, statement: Extract<Statement, { kind: K }>): void {
  const lower = LOWERINGS[statement.kind as K] as (frame: Frame, statement: Extract<Statement, { kind: K }>) => void;
  withZero(frame, statement, () => lower(frame, statement));
}

/** Says to LLVM that the slots of a block come into use, or go out of it. */
function markSlots(frame: Frame, block: Block, event: "start" | "end"): void {
  for (const slot of frame.lifetimes.get(block) ?? []) {
    const bytes = frame.routine.slots.find(({ id }) => id === slot)?.layout.size ?? 0;
    frame.builder.call(lifetime(event), [i64(frame, wholeWords(bytes)), slotOf(frame, slot)]);
  }
}

/** Statements after a jump or return are not written. */
export function lowerBlock(frame: Frame, block: Block): void {
  markSlots(frame, block, "start");
  lowerStatements(frame, block);
  if (frame.reachable) markSlots(frame, block, "end");
}

function lowerStatements(frame: Frame, block: Block): void {
  for (const statement of block) {
    if (!frame.reachable) return;
    frame.at = statement.at;
    frame.builder.locate(statement.at);
    lowerStatement(frame, statement);
  }
}
