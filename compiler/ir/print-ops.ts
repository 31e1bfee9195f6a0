/** Operands and operations in the notation of printed IR. */
import type { MapOperand, Module, Op, Operand } from "./ir.ts";

/** What indexes stand for: names where the module and the function have them. */
export interface Names {
  readonly map: (index: number) => string;
  readonly global: (index: number) => string;
  readonly callee: (index: number) => string;
  readonly slot: (id: number) => string;
  readonly variable: (id: number) => string;
}

/** Names of module-level things; an index that points nowhere is printed as such, so that broken IR can be read. */
export function moduleNames(module: Module): Pick<Names, "map" | "global" | "callee"> {
  const at = (list: readonly { readonly name: string }[], index: number) => `@${list[index]?.name ?? `?${index}`}`;
  return {
    map: (index) => at(module.maps, index),
    global: (index) => at(module.globals, index),
    callee: (index) => at(module.functions, index),
  };
}

/** `%12.name`, `7:u32`, `true`, `null:packet`. */
export function printOperand(operand: Operand): string {
  switch (operand.kind) {
    case "constant":
      return operand.type === "bool" ? String(operand.value !== 0n) : `${operand.value}:${operand.type}`;
    case "null":
      return `null:${operand.type}`;
    case "temp":
      return operand.name === "" ? `%${operand.id}` : `%${operand.id}.${operand.name}`;
  }
}

export function printMap(map: MapOperand, names: Names): string {
  return map.kind === "static" ? names.map(map.map) : `${printOperand(map.map)} shaped ${names.map(map.shape)}.inner`;
}

/** `[place + 12]`, or `[place]`. */
export const printPlace = (place: Operand, offset: number): string =>
  offset === 0 ? `[${printOperand(place)}]` : `[${printOperand(place)} ${offset < 0 ? "-" : "+"} ${Math.abs(offset)}]`;

/** The operation's name, its parameters, then its operands. */
export function printOp(op: Op, names: Names): string {
  const operand = printOperand;
  const map = (of: MapOperand) => printMap(of, names);
  switch (op.op) {
    case "binary":
    case "compare":
      return `${op.operator} ${op.type} ${operand(op.a)}, ${operand(op.b)}`;
    case "not":
      return `not ${operand(op.a)}`;
    case "convert":
      return `convert ${op.from} to ${op.to} ${operand(op.a)}`;
    case "select":
      return `select ${op.type} ${operand(op.condition)} ? ${operand(op.a)} : ${operand(op.b)}`;
    case "swap":
      return `swap ${op.type} ${operand(op.a)}`;
    case "get":
      return `get ${names.variable(op.variable)}`;
    case "isNull":
      return `isNull ${operand(op.a)}`;
    case "offset":
      return `offset ${operand(op.a)} ${op.bytes < 0 ? "-" : "+"} ${Math.abs(op.bytes)}`;
    case "element":
      return `element ${operand(op.a)} [${operand(op.index)} of ${op.count}] * ${op.stride}`;
    case "slot":
      return `slot ${names.slot(op.slot)}`;
    case "global":
      return `global ${names.global(op.global)}`;
    case "packetAt":
      return `packetAt ${operand(op.offset)}${op.max === null ? "" : ` max ${op.max}`}`;
    case "advance":
      return `advance ${operand(op.a)} by ${operand(op.by)}`;
    case "packetFits":
      return `packetFits ${operand(op.place)}, ${op.bytes}`;
    case "packetLength":
    case "random":
    case "cpu":
    case "barrier":
      return op.op;
    case "context":
      return `context ${op.field}`;
    case "load":
      return `load ${op.type} ${op.bytes} ${op.order} align ${op.align} ${printPlace(op.place, op.offset)}`;
    case "atomic": {
      const expected = op.expected === null ? "" : ` expecting ${operand(op.expected)}`;
      const use = op.resultUsed ? "" : " unused";
      return `atomic ${op.operator} ${op.type} ${printPlace(op.place, op.offset)}, ${operand(op.value)}${expected}${use}`;
    }
    case "mapLookup":
    case "mapInner":
    case "mapDelete":
      return `${op.op} ${map(op.map)}, ${operand(op.key)}`;
    case "mapUpdate":
      return `mapUpdate ${map(op.map)}, ${operand(op.key)}, ${operand(op.value)}, flags ${operand(op.flags)}`;
    case "mapPush":
      return `mapPush ${map(op.map)}, ${operand(op.value)}, flags ${operand(op.flags)}`;
    case "mapPop":
    case "mapPeek":
      return `${op.op} ${map(op.map)}, ${operand(op.value)}`;
    case "ringReserve":
      return `ringReserve ${map(op.map)}, ${op.bytes}`;
    case "ringSubmit":
    case "ringDiscard":
      return `${op.op} ${operand(op.record)}, flags ${operand(op.flags)}`;
    case "ringOutput":
      return `ringOutput ${map(op.map)}, ${operand(op.data)}, ${op.bytes}, flags ${operand(op.flags)}`;
    case "adjustHead":
    case "adjustTail":
      return `${op.op} ${operand(op.delta)}`;
    case "packetRead":
      return `packetRead ${operand(op.offset)} to ${operand(op.to)}, ${op.bytes}`;
    case "packetWrite":
      return `packetWrite ${operand(op.offset)} from ${operand(op.from)}, ${op.bytes}`;
    case "time":
      return `time ${op.clock}`;
    case "redirect":
      return `redirect ${operand(op.interface)}, flags ${operand(op.flags)}`;
    case "redirectMap":
      return `redirectMap ${map(op.map)}, ${operand(op.key)}, flags ${operand(op.flags)}`;
    case "tailCall":
      return `tailCall ${map(op.map)}, ${operand(op.index)}`;
    case "fibLookup":
      return `fibLookup ${operand(op.parameters)}, flags ${operand(op.flags)}`;
    case "checksumDiff":
      return `checksumDiff ${operand(op.from)}, ${op.fromBytes}, ${operand(op.to)}, ${op.toBytes}, seed ${operand(op.seed)}`;
    case "lock":
    case "unlock":
      return `${op.op} ${printPlace(op.place, op.offset)}`;
    case "log":
      return [`log ${JSON.stringify(op.format)}`, ...op.values.map(operand)].join(", ");
    case "call":
      return `call ${names.callee(op.function)}(${op.values.map(operand).join(", ")})`;
  }
}
