/** Functions compiled once and called (BPF-to-BPF calls), for code that would be too large inlined everywhere. */
import type { IrFunction, Temp } from "../ir/ir.ts";
import { makesTailCall } from "../ir/operands.ts";
import { callFunction } from "./calls.ts";
import { coerce } from "./coerce.ts";
import { settle } from "./drafts.ts";
import { flavourOf } from "./flavours.ts";
import { Lowering } from "./lowering.ts";
import { badDeclaration, duplicateName, inSubprogram, recursion } from "./problems.ts";
import { checkedReturn } from "./programs.ts";
import { IR_TYPE, scalar } from "./types.ts";
import { ts } from "./typescript.js";
import { type BuiltinCall, type FunctionValue, NULL, type ScalarType, type Value } from "./values.ts";

interface Compiled {
  readonly index: number;
  readonly parameters: readonly ScalarType[];
  readonly result: ScalarType | null;
}

/** Types must be written out: a subprogram is compiled before any call is known. */
function typeOf(parameter: ts.ParameterDeclaration, call: BuiltinCall): ScalarType {
  const type = flavourOf(call.to.module.checker.getTypeAtLocation(parameter));
  return (
    type ??
    call.to.refuse(
      (at) => inSubprogram(at, `'${parameter.name.getText()}', whose type is not a scalar type of the language,`),
      parameter,
    )
  );
}

function compile(name: string, run: FunctionValue, alone: boolean, call: BuiltinCall): Compiled {
  const { module } = call.to;
  if ([...module.programs, ...module.functions].some((each) => each.name === name))
    call.to.refuse((at) => duplicateName(at, "functions", name), run.declaration);
  const parameters = run.declaration.parameters.map((parameter) => typeOf(parameter, call));
  if (parameters.length > 5) call.to.refuse((at) => inSubprogram(at, "More than five values"), run.declaration);
  const declared = run.declaration.type;
  const result = declared === undefined ? null : flavourOf(module.checker.getTypeFromTypeNode(declared));
  if (alone && result === null)
    call.to.refuse((at) => badDeclaration(at, "A subprogram that is verified alone gives a number."), run.declaration);
  if (declared !== undefined && result === null && declared.kind !== ts.SyntaxKind.VoidKeyword)
    call.to.refuse((at) => inSubprogram(at, "This type"), declared);
  const to = new Lowering(module);
  to.around = run.scope;
  const temps: Temp[] = parameters.map((type, i) =>
    to.temp(IR_TYPE[type], run.declaration.parameters[i]?.name.getText() ?? "value"),
  );
  to.at(run.declaration);
  const value = callFunction(
    run,
    temps.map((temp, i) => scalar(parameters[i] as ScalarType, temp)),
    run.declaration,
    to,
  );
  checkedReturn(value, result, run, to);
  const body = settle(to.block);
  if (result !== null && IR_TYPE[result] === "u128" && makesTailCall({ body }))
    call.to.refuse(
      (at) => inSubprogram(at, "A result of 128 bits, which no tail-called program gives,"),
      declared as ts.TypeNode,
    );
  const fn: IrFunction = {
    name,
    parameters: temps,
    result: result === null ? null : IR_TYPE[result],
    variables: to.variables,
    slots: to.slots,
    body,
    at: module.placeOf(run.declaration),
    ...(alone && { alone }),
  };
  return { index: module.functions.push(fn) - 1, parameters, result };
}

/** Compiled at its first call; a call met while that goes on is one of its own. */
function compiledOnce(name: string, run: FunctionValue, alone: boolean, call: BuiltinCall): Compiled {
  const { subprograms } = call.to.module;
  // A function that makes subprograms makes another of each at every call, and names it differently.
  const made = subprograms.get(run.declaration) ?? new Map<string, unknown>();
  subprograms.set(run.declaration, made);
  const known = made.get(name) as Compiled | "compiling" | undefined;
  if (known === "compiling") return call.to.refuse((at) => recursion(at, name), call.node);
  if (known !== undefined) return known;
  made.set(name, "compiling");
  const compiled = compile(name, run, alone, call);
  made.set(name, compiled);
  return compiled;
}

export function callSubprogram(name: string, run: FunctionValue, alone: boolean, call: BuiltinCall): Value {
  const { to } = call;
  to.effect("calling a subprogram", call.node);
  const compiled = compiledOnce(name, run, alone, call);
  const values = compiled.parameters.map(
    (type, i) => coerce(call.values[i] ?? NULL, type, call.argument(i), to).operand,
  );
  const op = {
    op: "call",
    function: compiled.index,
    values,
    type: compiled.result === null ? null : IR_TYPE[compiled.result],
  } as const;
  if (compiled.result === null) {
    to.run(op);
    return NULL;
  }
  return scalar(compiled.result, to.emit(op, IR_TYPE[compiled.result], name));
}
