/** Makes IR by hand, as the front end would, for tests of what comes after it. Each statement gets a line of its own. */
import type {
  Block,
  ByteOrder,
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
  SourceFile,
  Statement,
  Temp,
  Variable,
} from "../../../compiler/ir/ir.ts";
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { scalarLayout } from "../../../sdk/layout/layouts.ts";
import type { MapData } from "../../../sdk/maps/data.ts";

export const PASS = 2;
export const DROP = 1;
export const ABORTED = 0;

export const constant = (type: Scalar, value: number | bigint): Constant => ({
  kind: "constant",
  type,
  value: BigInt(value),
});
export const u8 = (value: number) => constant("u8", value);
export const u32 = (value: number) => constant("u32", value);
export const u64 = (value: number | bigint) => constant("u64", value);
export const i32 = (value: number) => constant("i32", value);
export const NULL: Operand = { kind: "null", type: "pointer" };
export const fixed = (map: number): MapOperand => ({ kind: "static", map });

export const layouts = { u8: scalarLayout("u8"), u32: scalarLayout("u32"), u64: scalarLayout("u64") } as const;
export const bytes = (length: number): LayoutData => ({
  kind: "array",
  of: layouts.u8,
  length,
  size: length,
  align: 1,
});

export interface Body {
  /** Statements from here on come from this file (an index in the module's). */
  file: number;
  let(type: IrType, op: Op, name?: string): Temp;
  run(op: Op): void;
  variable(type: IrType, name: string): number;
  slot(name: string, layout: LayoutData): Temp;
  get(variable: number, type: IrType): Temp;
  set(variable: number, value: Operand): void;
  binary(operator: Extract<Op, { op: "binary" }>["operator"], type: Scalar, a: Operand, b: Operand): Temp;
  compare(operator: Extract<Op, { op: "compare" }>["operator"], type: Scalar, a: Operand, b: Operand): Temp;
  convert(from: Scalar, to: Scalar, a: Operand): Temp;
  load(type: Scalar, bytes: number, place: Operand, offset: number, order?: ByteOrder, align?: number): Temp;
  store(place: Operand, offset: number, bytes: number, value: Operand, order?: ByteOrder, align?: number): void;
  zero(place: Operand, offset: number, bytes: number): void;
  copy(to: Operand, toOffset: number, from: Operand, fromOffset: number, bytes: number): void;
  packetAt(offset: Operand | number, max?: number | null): Temp;
  /** Leaves with `action` where the bytes are not in the packet. */
  require(place: Operand, bytes: number, action?: number): void;
  if(condition: Operand, then: () => void, otherwise?: () => void): void;
  switch(
    type: Scalar,
    value: Operand,
    cases: readonly (readonly [readonly bigint[], () => void])[],
    otherwise?: () => void,
  ): void;
  loop(trips: number, body: (label: number) => void): void;
  region(body: (label: number) => void): void;
  break(label: number): void;
  continue(label: number): void;
  repeat(trips: Operand, body: (index: Temp, label: number) => void): void;
  drain(map: number, slot: number, body: (label: number) => void): Temp;
  return(value: Operand | number | null): void;
}

let nextId = 0;
const fresh = (): number => nextId++;

interface Made {
  readonly body: Block;
  readonly variables: readonly Variable[];
  readonly slots: readonly Slot[];
  readonly at: Place;
}

/** Lines are counted per function so that a module is the same however many were made before it. */
function write(firstLine: number, write: (body: Body) => void): Made {
  const variables: Variable[] = [];
  const slots: Slot[] = [];
  let statements: Statement[] = [];
  let line = firstLine;
  const nested = (inner: () => void): Block => {
    const outer = statements;
    statements = [];
    inner();
    const made = statements;
    statements = outer;
    return made;
  };
  const at = (): Place => ({ file: body.file, line: ++line, column: 3 });
  const push = (statement: Statement): void => void statements.push(statement);
  const body: Body = {
    file: 0,
    let(type, op, name = op.op) {
      const result: Temp = { kind: "temp", id: fresh(), type, name };
      push({ kind: "let", result, op, at: at() });
      return result;
    },
    run: (op) => push({ kind: "let", result: null, op, at: at() }),
    variable(type, name) {
      const id = fresh();
      variables.push({ id, type, name });
      return id;
    },
    slot(name, layout) {
      const id = fresh();
      slots.push({ id, name, layout });
      return body.let("pointer", { op: "slot", slot: id }, name);
    },
    get: (variable, type) => body.let(type, { op: "get", variable, type }),
    set: (variable, value) => push({ kind: "set", variable, value, at: at() }),
    binary: (operator, type, a, b) => body.let(type, { op: "binary", operator, type, a, b }),
    compare: (operator, type, a, b) => body.let("bool", { op: "compare", operator, type, a, b }),
    convert: (from, to, a) => body.let(to, { op: "convert", from, to, a }),
    load: (type, size, place, offset, order = "little", align = 8) =>
      body.let(type, { op: "load", type, bytes: size, order, place, offset, align }),
    store: (place, offset, size, value, order = "little", align = 8) =>
      push({ kind: "store", place, offset, bytes: size, order, value, align, at: at() }),
    zero: (place, offset, size) => push({ kind: "zero", place, offset, bytes: size, at: at() }),
    copy: (to, toOffset, from, fromOffset, size) =>
      push({ kind: "copy", to, toOffset, from, fromOffset, bytes: size, at: at() }),
    packetAt(offset, max) {
      const given = typeof offset === "number";
      const known = max === undefined ? (given ? offset : null) : max;
      return body.let("packet", { op: "packetAt", offset: given ? u32(offset) : offset, max: known });
    },
    require(place, size, action = PASS) {
      const fits = body.let("bool", { op: "packetFits", place, bytes: size });
      body.if(
        fits,
        () => {},
        () => body.return(action),
      );
    },
    if: (condition, then, otherwise = () => {}) => {
      const place = at();
      push({ kind: "if", condition, then: nested(then), otherwise: nested(otherwise), at: place });
    },
    switch: (type, value, cases, otherwise = () => {}) => {
      const place = at();
      const made = cases.map(([values, inner]) => ({ values, body: nested(inner) }));
      push({ kind: "switch", type, value, cases: made, otherwise: nested(otherwise), at: place });
    },
    loop(trips, inner) {
      const [label, place] = [fresh(), at()];
      push({ kind: "loop", label, trips, body: nested(() => inner(label)), at: place });
    },
    region(inner) {
      const [label, place] = [fresh(), at()];
      push({ kind: "block", label, body: nested(() => inner(label)), at: place });
    },
    break: (label) => push({ kind: "break", label, at: at() }),
    continue: (label) => push({ kind: "continue", label, at: at() }),
    repeat(trips, inner) {
      const [label, place] = [fresh(), at()];
      const index: Temp = { kind: "temp", id: fresh(), type: "u32", name: "index" };
      push({ kind: "repeat", label, trips, index, body: nested(() => inner(index, label)), at: place });
    },
    drain(map, slot, inner) {
      const [label, place] = [fresh(), at()];
      const result: Temp = { kind: "temp", id: fresh(), type: "i64", name: "drained" };
      push({ kind: "drain", label, map: fixed(map), slot, result, body: nested(() => inner(label)), at: place });
      return result;
    },
    return: (value) => push({ kind: "return", value: typeof value === "number" ? u32(value) : value, at: at() }),
  };
  const begin: Place = { file: 0, line, column: 1 };
  write(body);
  return { body: statements, variables, slots, at: begin };
}

export function program(name: string, make: (body: Body) => void, section = "xdp"): IrProgram {
  return { name, section, parameters: [], result: "u32", ...write(1, make) };
}

export function routine(
  name: string,
  parameters: readonly (readonly [string, IrType])[],
  result: IrType | null,
  make: (body: Body, ...parameters: Temp[]) => void,
): IrFunction {
  const temps = parameters.map(([label, type]): Temp => ({ kind: "temp", id: fresh(), type, name: label }));
  return { name, parameters: temps, result, ...write(100, (body) => make(body, ...temps)) };
}

const HERE: Place = { file: 0, line: 1, column: 1 };

export const map = (name: string, kind: MapData["kind"], rest: Partial<MapData>): MapDeclaration => ({
  name,
  kind,
  key: null,
  value: null,
  maxEntries: 1,
  flags: 0,
  extra: 0,
  inner: null,
  at: HERE,
  ...rest,
});

export const global = (name: string, layout: LayoutData, isConstant: boolean, initial: Uint8Array): Global => ({
  name,
  layout,
  constant: isConstant,
  initial,
  at: HERE,
});

/** A file with enough lines for the statements that claim to come from it. */
const sourceText = (label: string): string =>
  Array.from({ length: 400 }, (_, index) => `// ${label}, line ${index + 1}`).join("\n");

export const sourceFile = (path: string): SourceFile => ({ path, text: sourceText(path) });

export const module = (name: string, parts: Partial<Module>): Module => ({
  name,
  files: [sourceFile(`src/${name}.ts`)],
  maps: [],
  globals: [],
  functions: [],
  programs: [],
  ...parts,
});
