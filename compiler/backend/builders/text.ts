/** Writes LLVM IR as text. */
import { type IrBuilder, isInteger, type Label, type LlvmType, type Value } from "../builder.ts";
import { placeKey, type RoutineHeader } from "../prelude/functions.ts";
import type { Prelude } from "../prelude/prelude.ts";
import { symbol } from "../prelude/syntax.ts";

interface TextBlock {
  readonly name: string;
  readonly lines: string[];
}

interface OpenRoutine {
  readonly header: RoutineHeader;
  readonly blocks: TextBlock[];
  labels: number;
  temps: number;
}

export function textBuilder(prelude: Prelude): { readonly builder: IrBuilder; readonly finish: () => string } {
  const { syntax } = prelude;
  const headers = new Map(prelude.routines.map((header) => [header.name, header]));
  const done: OpenRoutine[] = [];
  let routine: OpenRoutine | undefined;
  let lines: string[] = [];
  let location = "";

  const open = (): OpenRoutine => {
    if (routine === undefined) throw new Error("no routine was begun");
    return routine;
  };
  const nameOf = (value: Value): string => String(value.handle);
  const spelled = (value: Value): string => `${syntax.type(value.type)} ${nameOf(value)}`;
  const emit = (instruction: string): void => {
    lines.push(`  ${instruction}${location}\n`);
  };
  const named = (type: LlvmType, name: string, constant: bigint | null = null): Value => ({
    type,
    constant,
    handle: name,
  });
  const define = (type: LlvmType, instruction: string): Value => {
    const name = `%t${open().temps++}`;
    emit(`${name} = ${instruction}`);
    return named(type, name);
  };
  const blockName = (label: Label): string => (label.handle as TextBlock).name;
  /** The operand for an access of `type`, cast first where pointers are typed. */
  const accessOf = (pointer: Value, type: LlvmType): string => {
    const pointee = syntax.type(type);
    if (syntax.opaque || pointee === "i8") return spelled(pointer);
    const cast = define("ptr", `bitcast ${spelled(pointer)} to ${syntax.pointerTo(pointee)}`);
    return `${syntax.pointerTo(pointee)} ${nameOf(cast)}`;
  };

  const builder: IrBuilder = {
    begin(name, parameters) {
      const header = headers.get(name);
      if (header === undefined) throw new Error(`${name} is not in the prelude`);
      routine = { header, blocks: [], labels: 0, temps: 0 };
      done.push(routine);
      builder.enter(builder.block("entry"));
      return parameters.map((type, index) => named(type, `%a${index}`));
    },
    locate(at) {
      location = `, !dbg ${open().header.locations.get(placeKey(at))}`;
    },
    block(name) {
      return { handle: { name: `${name}.${open().labels++}`, lines: [] } };
    },
    enter(label) {
      const block = label.handle as TextBlock;
      open().blocks.push(block);
      lines = block.lines;
    },
    constant(type, value) {
      const spelling = type === "i1" ? String(value !== 0n) : String(value);
      return named(type, spelling, value);
    },
    nullPointer: () => named("ptr", "null"),
    global: (name) => named("ptr", syntax.address(name, prelude.globals.get(name) ?? "")),
    routine: (name) => named("ptr", syntax.address(name, headers.get(name)?.type ?? "")),
    text: (content) => builder.global(prelude.texts.get(content) ?? ""),
    allocate(type, count) {
      const spelling = count === 1 ? syntax.type(type) : `[${count} x ${syntax.type(type)}]`;
      const place = define("ptr", `alloca ${spelling}`);
      if (syntax.opaque || spelling === "i8") return place;
      return define("ptr", `bitcast ${syntax.pointerTo(spelling)} ${nameOf(place)} to i8*`);
    },
    load: (type, pointer) => {
      const operand = accessOf(pointer, type);
      return define(type, `load ${syntax.type(type)}, ${operand}`);
    },
    store(value, pointer) {
      const operand = accessOf(pointer, value.type);
      emit(`store ${spelled(value)}, ${operand}`);
    },
    offset: (pointer, bytes) => define("ptr", `getelementptr inbounds i8, ${spelled(pointer)}, ${spelled(bytes)}`),
    binary: (instruction, a, b) => define(a.type, `${instruction} ${spelled(a)}, ${nameOf(b)}`),
    compare: (predicate, a, b) => define("i1", `icmp ${predicate} ${spelled(a)}, ${nameOf(b)}`),
    cast: (cast, value, to) => define(to, `${cast} ${spelled(value)} to ${syntax.type(to)}`),
    select: (condition, a, b) => define(a.type, `select ${spelled(condition)}, ${spelled(a)}, ${spelled(b)}`),
    call(callee, values) {
      const text = `call ${syntax.type(callee.result)} ${symbol(callee.name)}(${values.map(spelled).join(", ")})`;
      if (callee.result !== "void") return define(callee.result, text);
      emit(text);
      return named("void", "");
    },
    jump: (to) => emit(`br label %${blockName(to)}`),
    branch: (condition, then, otherwise) =>
      emit(`br ${spelled(condition)}, label %${blockName(then)}, label %${blockName(otherwise)}`),
    choose(value, cases, otherwise) {
      const type = isInteger(value.type) ? value.type : "i64";
      const list = cases.map((one) => `${type} ${one.value}, label %${blockName(one.to)}`).join(" ");
      emit(`switch ${spelled(value)}, label %${blockName(otherwise)} [ ${list} ]`);
    },
    leave: (value) => emit(value === null ? "ret void" : `ret ${spelled(value)}`),
  };

  const finish = (): string => {
    const bodies = done.map(({ header, blocks }) => {
      const body = blocks.map((block) => `${block.name}:\n${block.lines.join("")}`).join("");
      return `${header.header} {\n${body}}\n`;
    });
    return prelude.head + bodies.join("") + prelude.tail;
  };
  return { builder, finish };
}
