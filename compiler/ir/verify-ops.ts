/** Type rules of operations: what each takes, and what it gives. */
import type { MapKind } from "../../sdk/maps/data.ts";
import {
  BITS,
  type IrFunction,
  type IrType,
  type MapOperand,
  type Module,
  type Op,
  type Operand,
  type Scalar,
} from "./ir.ts";
import { printOperand } from "./print-ops.ts";

export interface OpContext {
  readonly module: Module;
  readonly fn: IrFunction;
  readonly report: (message: string) => void;
}

const INTEGERS: readonly Scalar[] = ["u8", "u16", "u32", "u64", "i32", "i64"];
const WORDS: readonly Scalar[] = ["u32", "u64", "i32", "i64"];
const MEMORY: readonly IrType[] = ["packet", "pointer"];
const ACCESS_BYTES = [1, 2, 4, 6, 8, 16];

export const isScalar = (type: IrType): type is Scalar => Object.hasOwn(BITS, type);

/** The operand has one of the types, and is not a literal null unless `orNull`. */
export function want(
  context: OpContext,
  what: string,
  operand: Operand,
  types: readonly IrType[],
  orNull = false,
): void {
  if (!types.includes(operand.type)) {
    context.report(`${what} is ${operand.type} (${printOperand(operand)}), not ${types.join(" or ")}`);
  }
  if (operand.kind === "null" && !orNull) context.report(`${what} is a literal null`);
  if (operand.kind === "constant" && !inRange(operand.value, operand.type)) {
    context.report(`${what} ${operand.value} is outside ${operand.type}`);
  }
}

export function inRange(value: bigint, type: Scalar): boolean {
  if (type === "i32" || type === "i64") return BigInt.asIntN(BITS[type], value) === value;
  return BigInt.asUintN(BITS[type], value) === value;
}

/** Bytes that a load or store moves, and whether they fit the value's type. */
export function wantAccess(context: OpContext, what: string, bytes: number, type: IrType, align: number): void {
  if (!ACCESS_BYTES.includes(bytes)) context.report(`${what} moves ${bytes} bytes, not ${ACCESS_BYTES.join(", ")}`);
  const capacity = type === "bool" ? 1 : isScalar(type) ? BITS[type] / 8 : 0;
  if (bytes > capacity) context.report(`${what} moves ${bytes} bytes of a ${type}`);
  if (![1, 2, 4, 8, 16].includes(align)) context.report(`${what} has alignment ${align}`);
}

/** The kind of the map an operation works on, or null when it cannot be told. */
export function mapKind(context: OpContext, map: MapOperand): MapKind | null {
  const { module, report } = context;
  if (map.kind === "static") {
    const found = module.maps[map.map];
    if (found === undefined) report(`map ${map.map} does not exist`);
    return found?.kind ?? null;
  }
  want(context, "map", map.map, ["map"]);
  const inner = module.maps[map.shape]?.inner;
  if (inner === undefined || inner === null) report(`map ${map.shape} has no inner shape`);
  return inner?.kind ?? null;
}

const LISTS: readonly MapKind[] = ["queue", "stack", "bloom"];
const OF_MAPS: readonly MapKind[] = ["arrayOfMaps", "hashOfMaps"];
const KEYED: readonly MapKind[] = ["hash", "lruHash", "array", "perCpuHash", "perCpuLruHash", "perCpuArray", "lpm"];
const REDIRECTS: readonly MapKind[] = ["devmap", "devmapHash", "cpumap"];

function wantMap(context: OpContext, map: MapOperand, kinds: readonly MapKind[]): void {
  const kind = mapKind(context, map);
  if (kind !== null && !kinds.includes(kind)) context.report(`map is ${kind}, not ${kinds.join(" or ")}`);
}

function binaryRule(context: OpContext, op: Op & { readonly op: "binary" }): IrType {
  want(context, "a", op.a, [op.type]);
  want(context, "b", op.b, [op.type]);
  const bitwise = ["and", "or", "xor"].includes(op.operator);
  const shift = ["shl", "shr"].includes(op.operator);
  const legal = WORDS.includes(op.type) || bitwise ? !["u8", "u16"].includes(op.type) : op.type === "u128" && shift;
  if (!legal) context.report(`${op.operator} does not work on ${op.type}`);
  return op.type;
}

function callRule(context: OpContext, op: Op & { readonly op: "call" }): IrType | null {
  const callee = context.module.functions[op.function];
  if (callee === undefined) {
    context.report(`function ${op.function} does not exist`);
    return op.type;
  }
  if (callee.parameters.length !== op.values.length) {
    context.report(`${callee.name} takes ${callee.parameters.length} values, not ${op.values.length}`);
  }
  op.values.forEach((value, index) => {
    const parameter = callee.parameters[index];
    if (parameter !== undefined) want(context, `argument ${index}`, value, [parameter.type], true);
  });
  if (callee.result !== op.type) context.report(`${callee.name} gives ${callee.result}, not ${op.type}`);
  return op.type;
}

/** Reports what is wrong with an operation and gives the type of its result; null for one without a result. */
export function checkOp(op: Op, context: OpContext): IrType | null {
  const { module, fn, report } = context;
  const takes = (what: string, operand: Operand, types: readonly IrType[], orNull = false) =>
    want(context, what, operand, types, orNull);
  const map = (operand: MapOperand, kinds: readonly MapKind[]) => wantMap(context, operand, kinds);

  switch (op.op) {
    case "binary":
      return binaryRule(context, op);
    case "compare":
      takes("a", op.a, [op.type]);
      takes("b", op.b, [op.type]);
      return "bool";
    case "not":
      takes("a", op.a, ["bool"]);
      return "bool";
    case "convert":
      takes("a", op.a, [op.from]);
      return op.to;
    case "select":
      takes("condition", op.condition, ["bool"]);
      takes("a", op.a, [op.type], true);
      takes("b", op.b, [op.type], true);
      return op.type;
    case "swap":
      takes("a", op.a, [op.type]);
      return op.type;
    case "get": {
      const variable = fn.variables.find(({ id }) => id === op.variable);
      if (variable === undefined) report(`variable ${op.variable} does not exist`);
      else if (variable.type !== op.type) report(`variable ${variable.name} is ${variable.type}, not ${op.type}`);
      return op.type;
    }
    case "isNull":
      takes("a", op.a, ["packet", "pointer", "map"], true);
      return "bool";
    case "offset":
      takes("a", op.a, [op.type]);
      return op.type;
    case "element":
      takes("a", op.a, [op.type]);
      takes("index", op.index, ["u32"]);
      if (op.index.kind === "constant" && op.index.value >= BigInt(op.count)) {
        report(`index ${op.index.value} is not below ${op.count}`);
      }
      return op.type;
    case "slot":
      if (!fn.slots.some(({ id }) => id === op.slot)) report(`slot ${op.slot} does not exist`);
      return "pointer";
    case "global":
      if (module.globals[op.global] === undefined) report(`global ${op.global} does not exist`);
      return "pointer";
    case "packetAt":
      takes("offset", op.offset, ["u32"]);
      return "packet";
    case "advance":
      takes("a", op.a, ["packet"]);
      takes("by", op.by, ["u32"]);
      return "packet";
    case "packetFits":
      takes("place", op.place, ["packet"]);
      return "bool";
    case "packetLength":
    case "context":
    case "random":
    case "cpu":
      return "u32";
    case "load":
      takes("place", op.place, MEMORY);
      wantAccess(context, "load", op.bytes, op.type, op.align);
      return op.type;
    case "atomic":
      takes("place", op.place, ["pointer"]);
      takes("value", op.value, [op.type]);
      if ((op.expected !== null) !== (op.operator === "compareExchange")) {
        report(`${op.operator} has ${op.expected === null ? "no" : "an"} expected value`);
      }
      if (op.expected !== null) takes("expected", op.expected, [op.type]);
      return op.type;
    case "mapLookup":
      map(op.map, [...KEYED, ...REDIRECTS]);
      takes("key", op.key, MEMORY);
      return "pointer";
    case "mapInner":
      map(op.map, OF_MAPS);
      takes("key", op.key, MEMORY);
      return "map";
    case "mapUpdate":
      map(op.map, KEYED);
      takes("key", op.key, MEMORY);
      takes("value", op.value, MEMORY);
      takes("flags", op.flags, INTEGERS);
      return "i64";
    case "mapDelete":
      map(op.map, KEYED);
      takes("key", op.key, MEMORY);
      return "i64";
    case "mapPush":
      map(op.map, LISTS);
      takes("value", op.value, MEMORY);
      takes("flags", op.flags, INTEGERS);
      return "i64";
    case "mapPop":
      map(op.map, ["queue", "stack"]);
      takes("value", op.value, ["pointer"]);
      return "i64";
    case "mapPeek":
      map(op.map, LISTS);
      takes("value", op.value, ["pointer"]);
      return "i64";
    case "ringReserve":
      map(op.map, ["ringBuffer"]);
      return "pointer";
    case "ringSubmit":
    case "ringDiscard":
      takes("record", op.record, ["pointer"]);
      takes("flags", op.flags, INTEGERS);
      return null;
    case "ringOutput":
      map(op.map, ["ringBuffer"]);
      takes("data", op.data, MEMORY);
      takes("flags", op.flags, INTEGERS);
      return "i64";
    case "adjustHead":
    case "adjustTail":
      takes("delta", op.delta, ["i32", "u32"]);
      return "i64";
    case "packetRead":
      takes("offset", op.offset, ["u32"]);
      takes("to", op.to, ["pointer"]);
      return "i64";
    case "packetWrite":
      takes("offset", op.offset, ["u32"]);
      takes("from", op.from, ["pointer"]);
      return "i64";
    case "time":
      return "u64";
    case "redirect":
      takes("interface", op.interface, ["u32"]);
      takes("flags", op.flags, INTEGERS);
      return "u32";
    case "redirectMap":
      map(op.map, REDIRECTS);
      takes("key", op.key, ["u32"]);
      takes("flags", op.flags, INTEGERS);
      return "u32";
    case "tailCall":
      map(op.map, ["progArray"]);
      takes("index", op.index, ["u32"]);
      return null;
    case "fibLookup":
      takes("parameters", op.parameters, ["pointer"]);
      takes("flags", op.flags, INTEGERS);
      return "i64";
    case "checksumDiff":
      takes("from", op.from, MEMORY, true);
      takes("to", op.to, MEMORY, true);
      takes("seed", op.seed, INTEGERS);
      if (op.fromBytes % 4 !== 0 || op.toBytes % 4 !== 0) report("sizes are multiples of 4");
      return "i64";
    case "lock":
    case "unlock":
      takes("place", op.place, ["pointer"]);
      return null;
    case "log":
      for (const value of op.values) takes("value", value, [...INTEGERS, "bool"]);
      if (op.values.length > 3) report(`log takes up to three values, not ${op.values.length}`);
      return null;
    case "barrier":
      return null;
    case "call":
      return callRule(context, op);
  }
}
