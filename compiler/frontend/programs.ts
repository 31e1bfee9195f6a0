/** From a declared program to its IR function. */

import { frameOf } from "./builtins/frame.ts";
import type { ProgramSpec } from "./builtins/program.ts";
import { callFunction } from "./calls.ts";
import { coerce, settleNull } from "./coerce.ts";
import { settle } from "./drafts.ts";
import { Refusal } from "./frames.ts";
import { Lowering } from "./lowering.ts";
import type { ModuleBuilder } from "./module.ts";
import { badDeclaration, duplicateName, missingResult, stackExceeded } from "./problems.ts";
import type { FunctionValue, ScalarType, Value } from "./values.ts";

const STACK_BYTES = 512;

/** Ends a function with the value its body came to. */
export function checkedReturn(value: Value, result: ScalarType | null, run: FunctionValue, to: Lowering): void {
  if (!to.reachable) return;
  const settled = settleNull(value, to);
  if (result === null) return to.jump({ kind: "return", value: null, at: to.place });
  if (settled.kind === "null" || settled.kind === "nullable")
    to.refuse((at) => missingResult(at, run.name), run.declaration);
  to.jump({ kind: "return", value: coerce(settled, result, run.declaration, to).operand, at: to.place });
}

/** Stack slots alone over the limit can never load; spills may still push a program over it, which LLVM then says. */
function checkStack(to: Lowering, run: FunctionValue): void {
  const bytes = to.slots.reduce((sum, slot) => sum + Math.ceil(slot.layout.size / 8) * 8, 0);
  if (bytes > STACK_BYTES) to.refuse((at) => stackExceeded(at, bytes), run.declaration);
}

/** One slot holds one program: of two, the one loaded first would silently never run. */
function checkJump(module: ModuleBuilder, { slot, run, name }: ProgramSpec, to: Lowering): void {
  const other = module.programs.find((one) => one.slot?.map === slot?.map && one.slot?.index === slot?.index);
  if (slot === null || other === undefined) return;
  to.refuse(
    (at) => badDeclaration(at, `Slot ${slot.index} of '${slot.map}' is given to '${other.name}' and '${name}'.`),
    run.declaration,
  );
}

export function lowerProgram(module: ModuleBuilder, spec: ProgramSpec): void {
  const { run, name, section } = spec;
  const to = new Lowering(module);
  to.at(run.declaration);
  try {
    if (module.programs.some((program) => program.name === name))
      to.refuse((at) => duplicateName(at, "programs", name), run.declaration);
    checkJump(module, spec, to);
    const before = module.problems.length;
    const value = callFunction(run, [frameOf(section), ...spec.values], run.declaration, to);
    if (module.problems.length > before) return;
    if (module.functions.some((fn) => fn.name === name))
      to.refuse((at) => duplicateName(at, "functions", name), run.declaration);
    to.at(run.declaration);
    checkedReturn(value, "u32", run, to);
    checkStack(to, run);
    module.programs.push({
      name,
      section,
      slot: spec.slot,
      parameters: [],
      result: "u32",
      variables: to.variables,
      slots: to.slots,
      body: settle(to.block),
      at: module.placeOf(run.declaration),
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    module.report(error.problem);
  }
}
