/** Lowers all routines of a module through a builder. */

import type { Problem } from "../../diagnostics/problem.ts";
import type { Module, Statement } from "../../ir/ir.ts";
import type { IrBuilder, Value } from "../builder.ts";
import { checked } from "../builders/checked.ts";
import { halved } from "../builders/halves.ts";
import { captureBytes, receiveCaptures } from "./callbacks.ts";
import { callBlockBytes, leave, receive, writeExit } from "./calls.ts";
import { effectsOf } from "./effects.ts";
import { type Facts, factsOf } from "./facts.ts";
import { type Forgetting, forgets, forgettingOf, makeZero } from "./forgetting.ts";
import { type Frame, type Lowering, type Target, wholeWords } from "./frame.ts";
import { lifetimesOf } from "./lifetimes.ts";
import { newHome, writeHome } from "./memory.ts";
import { readPacketBounds } from "./places.ts";
import { type Routine, type Routines, routinesOf } from "./routines.ts";
import { llvmType, parameterType, type Signature, signatureOf } from "./signature.ts";
import { lowerBlock } from "./statements.ts";
import { opOf, statements } from "./walk.ts";

/** A module with all that is known of it before a single instruction is written. */
export interface Plan {
  readonly module: Module;
  readonly target: Target;
  readonly routines: Routines;
  readonly signatures: readonly { readonly routine: Routine; readonly signature: Signature }[];
  readonly lowering: (builder: IrBuilder, report: (problem: Problem) => void) => Lowering;
  readonly factsOf: (routine: Routine) => Facts;
  readonly forgettingOf: (routine: Routine) => Forgetting;
}

export function planOf(module: Module, target: Target): Plan {
  const routines = routinesOf(module);
  const effects = effectsOf(routines);
  const signature = (routine: Routine): Signature => signatureOf(routine, effects(routine));
  const owners = [...routines.programs, ...routines.functions];
  const facts = new Map<Routine, Facts>();
  const forgetting = new Map<Routine, Forgetting>();
  for (const owner of owners) {
    const known = factsOf(module, owner);
    const forgets = forgettingOf(owner.body, known);
    facts.set(owner, known);
    forgetting.set(owner, forgets);
    for (const statement of statements(owner.body)) {
      const callback = routines.callbacks.get(statement);
      if (callback === undefined) continue;
      facts.set(callback, known);
      forgetting.set(callback, forgets);
    }
  }
  return {
    module,
    target,
    routines,
    signatures: routines.all.map((routine) => ({ routine, signature: signature(routine) })),
    lowering: (builder, report) => ({
      module,
      builder: checked(halved(builder)),
      target,
      routines,
      effectsOf: effects,
      signatureOf: signature,
      report,
    }),
    factsOf: (routine) => facts.get(routine) as Facts,
    forgettingOf: (routine) => forgetting.get(routine) as Forgetting,
  };
}

/** Statements that run in this routine itself, not in the callbacks made from it. */
function* ownStatements(frame: Frame): Generator<Statement> {
  const elsewhere = new Set<Statement>();
  for (const statement of statements(frame.routine.body)) {
    if (elsewhere.has(statement)) continue;
    yield statement;
    const callback = frame.routines.callbacks.get(statement);
    if (callback !== undefined) for (const inner of statements(callback.body)) elsewhere.add(inner);
  }
}

/** A loop's turns, and the unknown zero. */
const TURNS_BYTES = 8;
const ZERO_BYTES = 8;

/** Stack memory must be made in the entry block, so whatever later statements need is made here. */
function allocate(frame: Frame): void {
  const { builder, routine } = frame;
  const words = (bytes: number): Value => builder.allocate("i64", wholeWords(bytes) / 8);
  for (const slot of routine.slots) frame.slots.set(slot.id, words(slot.layout.size));
  for (const variable of routine.variables) frame.homes.set(variable.id, newHome(frame, variable.type));
  for (const statement of ownStatements(frame)) {
    if (statement.kind === "repeat" || statement.kind === "drain") {
      const bytes = captureBytes(frame, statement);
      if (bytes > 0) frame.blocks.set(statement, words(bytes));
    }
    if (statement.kind === "loop" && statement.counter === null) frame.blocks.set(statement, words(TURNS_BYTES));
    const op = opOf(statement);
    const callee = op?.op === "call" ? frame.routines.functions[op.function] : undefined;
    if (callee !== undefined) {
      const bytes = callBlockBytes(callee, frame.signatureOf(callee).parameters);
      if (bytes > 0) frame.blocks.set(op, words(bytes));
    }
  }
  if ([...ownStatements(frame)].some((statement) => forgets(frame, statement))) frame.zeroWord = words(ZERO_BYTES);
  const { result } = frame.signatureOf(routine);
  if (result !== "void") frame.result = builder.allocate(result, 1);
  if (frame.effectsOf(routine).packet) {
    frame.packet = { start: builder.allocate("ptr", 1), end: builder.allocate("ptr", 1) };
  }
}

/** Variables begin as zero or null. */
function clearVariables(frame: Frame): void {
  const { builder } = frame;
  for (const variable of frame.routine.variables) {
    const home = frame.homes.get(variable.id);
    const type = llvmType(variable.type);
    if (home === undefined || type === "void") continue;
    writeHome(frame, home, type === "ptr" ? builder.nullPointer() : builder.constant(type, 0n));
  }
}

function lowerRoutine(lowering: Lowering, routine: Routine, { factsOf, forgettingOf }: Plan): void {
  const { builder } = lowering;
  const signature = lowering.signatureOf(routine);
  const values = builder.begin(routine.name, signature.parameters.map(parameterType));
  builder.locate(routine.at);
  const frame: Frame = {
    ...lowering,
    routine,
    facts: factsOf(routine),
    forgetting: forgettingOf(routine),
    zero: null,
    zeroWord: null,
    temps: new Map(),
    homes: new Map(),
    slots: new Map(),
    labels: new Map(),
    lifetimes: lifetimesOf(routine),
    blocks: new Map(),
    context: null,
    packet: null,
    resultPointer: null,
    result: null,
    exit: null,
    handedBack: [],
    reachable: true,
    at: routine.at,
  };
  allocate(frame);
  const [first, second] = values;
  if (routine.callback === null) receive(frame, signature.parameters, values);
  else if (first !== undefined && second !== undefined) {
    receiveCaptures(frame, first, second);
  }
  // Where the packet moves, LLVM must not read its bounds later than they stand here, behind a move.
  readPacketBounds(frame, lowering.effectsOf(routine).readsAgain);
  clearVariables(frame);
  if (routine.callback !== null) makeZero(frame);
  lowerBlock(frame, routine.body);
  const type = signature.result;
  if (frame.reachable) {
    leave(frame, type === "void" ? null : type === "ptr" ? builder.nullPointer() : builder.constant(type, 0n));
  }
  writeExit(frame, type);
}

/** Writes every routine. Problems found on the way are reported, each once per call. */
export function lowerModule(plan: Plan, builder: IrBuilder, report: (problem: Problem) => void): void {
  const lowering = plan.lowering(builder, report);
  for (const routine of plan.routines.all) lowerRoutine(lowering, routine, plan);
}
