/** Builds modules of the typed IR by hand, for tests of what consumes it. Temps are numbered as they come. */
import type {
  BinaryOperator,
  Block,
  Constant,
  Global,
  IrFunction,
  IrProgram,
  IrType,
  MapDeclaration,
  MapOperand,
  Module,
  Op,
  Operand,
  Place,
  Scalar,
  Slot,
  Statement,
  Temp,
  Variable,
} from "../../compiler/ir/ir.ts";
import { verifyModule } from "../../compiler/ir/verify.ts";
import { type LayoutData, roundUp, type ScalarName } from "../../sdk/layout/data.ts";
import { scalarLayout } from "../../sdk/layout/layouts.ts";
import type { MapData } from "../../sdk/maps/data.ts";

export const scalar = (type: ScalarName, order?: "little" | "big"): LayoutData => scalarLayout(type, order);

/** Plain bytes. */
export const bytes = (length: number): LayoutData => ({
  kind: "array",
  of: scalarLayout("u8"),
  length,
  size: length,
  align: 1,
});

/** Fields placed as C places them. */
export function structure(fields: Readonly<Record<string, LayoutData>>): LayoutData {
  let offset = 0;
  let align = 1;
  const placed = Object.entries(fields).map(([name, layout]) => {
    offset = roundUp(offset, layout.align);
    align = Math.max(align, layout.align);
    const field = { name, offset, layout };
    offset += layout.size;
    return field;
  });
  return { kind: "struct", fields: placed, size: roundUp(offset, align), align };
}

export const constant = (type: Scalar, value: bigint | number): Constant => ({
  kind: "constant",
  type,
  value: BigInt(value),
});
export const u32 = (value: number | bigint): Constant => constant("u32", value);
export const u64 = (value: number | bigint): Constant => constant("u64", value);
export const i32 = (value: number | bigint): Constant => constant("i32", value);
export const i64 = (value: number | bigint): Constant => constant("i64", value);
export const bool = (value: boolean): Constant => constant("bool", value ? 1 : 0);
export const nothing = (type: "packet" | "pointer" | "map"): Operand => ({ kind: "null", type });
export const staticMap = (map: number): MapOperand => ({ kind: "static", map });

type Body = (to: BlockBuilder) => void;

/** Writes the statements of one function. Every statement gets a line of its own, from the function's first on. */
export class BlockBuilder {
  readonly variables: Variable[] = [];
  readonly slots: Slot[] = [];
  #statements: Statement[] = [];
  #ids = 0;
  #labels = 0;
  #line: number;

  constructor(line: number) {
    this.#line = line;
  }

  #next(): Place {
    return { file: 0, line: this.#line++, column: 3 };
  }

  get line(): number {
    return this.#line;
  }

  #add(statement: Statement): void {
    this.#statements.push(statement);
  }

  #inside(body: Body): Block {
    const outer = this.#statements;
    this.#statements = [];
    body(this);
    const block = this.#statements;
    this.#statements = outer;
    return block;
  }

  temp(type: IrType, name = "t"): Temp {
    return { kind: "temp", id: this.#ids++, type, name };
  }

  /** A named result. */
  let(type: IrType, op: Op, name?: string): Temp {
    const result = this.temp(type, name);
    this.#add({ kind: "let", result, op, at: this.#next() });
    return result;
  }

  /** An operation whose result nobody uses. */
  effect(op: Op): void {
    this.#add({ kind: "let", result: null, op, at: this.#next() });
  }

  binary(operator: BinaryOperator, type: Scalar, a: Operand, b: Operand): Temp {
    return this.let(type, { op: "binary", operator, type, a, b });
  }

  load(type: Scalar, size: number, place: Operand, offset = 0, order: "little" | "big" = "little", align = 1): Temp {
    return this.let(type, { op: "load", type, bytes: size, order, place, offset, align });
  }

  store(value: Operand, size: number, place: Operand, offset = 0, order: "little" | "big" = "little", align = 1): void {
    this.#add({ kind: "store", place, offset, bytes: size, order, value, align, at: this.#next() });
  }

  copy(to: Operand, from: Operand, size: number): void {
    this.#add({ kind: "copy", to, toOffset: 0, from, fromOffset: 0, bytes: size, at: this.#next() });
  }

  zero(place: Operand, offset: number, size: number): void {
    this.#add({ kind: "zero", place, offset, bytes: size, at: this.#next() });
  }

  variable(type: IrType, name = "v"): number {
    const id = this.variables.length;
    this.variables.push({ id, type, name });
    return id;
  }

  get(variable: number): Temp {
    const { type, name } = this.variables[variable] as Variable;
    return this.let(type, { op: "get", variable, type }, name);
  }

  set(variable: number, value: Operand): void {
    this.#add({ kind: "set", variable, value, at: this.#next() });
  }

  /** A pointer to a new slot. */
  slot(layout: LayoutData, name = "slot"): Temp {
    return this.slotAt(this.reserve(layout, name));
  }

  reserve(layout: LayoutData, name = "slot"): number {
    const id = this.slots.length;
    this.slots.push({ id, name, layout });
    return id;
  }

  slotAt(slot: number): Temp {
    return this.let("pointer", { op: "slot", slot }, "slot");
  }

  if(condition: Operand, then: Body, otherwise: Body = () => undefined): void {
    const at = this.#next();
    this.#add({ kind: "if", condition, then: this.#inside(then), otherwise: this.#inside(otherwise), at });
  }

  switch(
    type: Scalar,
    value: Operand,
    cases: readonly (readonly [readonly (number | bigint)[], Body])[],
    otherwise: Body,
  ): void {
    const at = this.#next();
    const written = cases.map(([values, body]) => ({ values: values.map(BigInt), body: this.#inside(body) }));
    this.#add({ kind: "switch", type, value, cases: written, otherwise: this.#inside(otherwise), at });
  }

  loop(trips: number, body: (to: BlockBuilder, label: number) => void): void {
    const [label, at] = [this.#labels++, this.#next()];
    this.#add({ kind: "loop", label, trips, counter: null, body: this.#inside((to) => body(to, label)), at });
  }

  block(body: (to: BlockBuilder, label: number) => void): void {
    const [label, at] = [this.#labels++, this.#next()];
    this.#add({ kind: "block", label, body: this.#inside((to) => body(to, label)), at });
  }

  repeat(trips: Operand, body: (to: BlockBuilder, index: Temp, label: number) => void): void {
    const [label, at, index] = [this.#labels++, this.#next(), this.temp("u32", "index")];
    this.#add({ kind: "repeat", label, trips, index, body: this.#inside((to) => body(to, index, label)), at });
  }

  drain(map: MapOperand, slot: number, body: (to: BlockBuilder, label: number) => void): Temp {
    const [label, at, result] = [this.#labels++, this.#next(), this.temp("i64", "drained")];
    this.#add({ kind: "drain", label, map, slot, result, body: this.#inside((to) => body(to, label)), at });
    return result;
  }

  break(label: number): void {
    this.#add({ kind: "break", label, at: this.#next() });
  }

  continue(label: number): void {
    this.#add({ kind: "continue", label, at: this.#next() });
  }

  return(value: Operand | null): void {
    this.#add({ kind: "return", value, at: this.#next() });
  }

  build(body: Body): Block {
    return this.#inside(body);
  }
}

/** Writes a module. Statements' lines run through the file from 1 on; its text has that many numbered lines. */
export class ModuleBuilder {
  readonly name: string;
  readonly #maps: MapDeclaration[] = [];
  readonly #globals: Global[] = [];
  readonly #functions: IrFunction[] = [];
  readonly #programs: IrProgram[] = [];
  #line = 1;

  constructor(name: string) {
    this.name = name;
  }

  /** Gives the map's index. */
  map(data: Partial<MapData> & Pick<MapData, "name" | "kind" | "maxEntries">): number {
    const whole: MapData = { key: null, value: null, flags: 0, extra: 0, inner: null, ...data };
    this.#maps.push({ ...whole, at: { file: 0, line: 1, column: 1 } });
    return this.#maps.length - 1;
  }

  /** Gives the global's index. */
  global(
    name: string,
    layout: LayoutData,
    initial: Uint8Array = new Uint8Array(layout.size),
    constantData = false,
  ): number {
    this.#globals.push({ name, layout, constant: constantData, initial, at: { file: 0, line: 1, column: 1 } });
    return this.#globals.length - 1;
  }

  #write(
    parameters: readonly Temp[],
    name: string,
    result: IrType | null,
    body: Body,
    reserve: (to: BlockBuilder) => void,
  ): IrFunction {
    const at = { file: 0, line: this.#line++, column: 1 };
    const to = new BlockBuilder(this.#line);
    reserve(to);
    const statements = to.build(body);
    this.#line = to.line;
    return { name, parameters, result, variables: to.variables, slots: to.slots, body: statements, at };
  }

  /** Gives the function's index. */
  function(
    name: string,
    types: readonly IrType[],
    result: IrType | null,
    body: (to: BlockBuilder, parameters: readonly Temp[]) => void,
  ): number {
    const parameters: Temp[] = [];
    const reserve = (to: BlockBuilder) => parameters.push(...types.map((type, i) => to.temp(type, `p${i}`)));
    this.#functions.push(this.#write(parameters, name, result, (to) => body(to, parameters), reserve));
    return this.#functions.length - 1;
  }

  program(name: string, body: Body, section = "xdp"): void {
    this.#programs.push({ ...this.#write([], name, "u32", body, () => undefined), section });
  }

  /** @throws IrError when the module is malformed, so that tests do not lean on what no front end may write. */
  build(): Module {
    const module = this.buildUnchecked();
    verifyModule(module);
    return module;
  }

  /** For tests of what happens when a compiler has a bug. */
  buildUnchecked(): Module {
    const text = Array.from({ length: this.#line }, (_, i) => `line ${i + 1}\n`).join("");
    return {
      name: this.name,
      files: [{ path: `${this.name}.ts`, text }],
      maps: this.#maps,
      globals: this.#globals,
      functions: this.#functions,
      programs: this.#programs,
    };
  }
}

type ProgramBody = (to: BlockBuilder, module: ModuleBuilder) => void;

function oneProgram(body: ProgramBody, name: string): ModuleBuilder {
  const module = new ModuleBuilder(name);
  module.program("main", (to) => body(to, module));
  return module;
}

/** A module of one program, called "main". */
export const moduleOf = (body: ProgramBody, name = "test"): Module => oneProgram(body, name).build();

/** The same of a program that no front end may write. */
export const malformedOf = (body: ProgramBody, name = "test"): Module => oneProgram(body, name).buildUnchecked();
