/** What the lowerings of one function write to: its lines, and what its temps and variables are called. */

import type { MapData } from "../../../sdk/maps/data.ts";
import type { IrFunction, IrType, MapOperand, Module, Operand, Place, Temp, Variable } from "../../ir/ir.ts";
import { InterpreterFault } from "../fault.ts";
import { globalName, mapName, offsetName, slotName, tempName, variableName } from "./names.ts";
import {
  constantText,
  isScalar,
  NULL_PACKET,
  NULL_POINTER,
  type PlaceValue,
  position,
  REPRESENTATION,
} from "./values.ts";
import type { Writer } from "./writer.ts";

export class FunctionWriter {
  readonly module: Module;
  readonly func: IrFunction;
  /** JavaScript name of the function. */
  readonly name: string;
  readonly #out: Writer;
  readonly #places = new Map<number, PlaceValue>();
  #unique = 0;
  /** Place of the statement being written. */
  at: Place;

  constructor(module: Module, func: IrFunction, name: string, out: Writer) {
    this.module = module;
    this.func = func;
    this.name = name;
    this.#out = out;
    this.at = func.at;
  }

  line(text: string): void {
    this.#out.line(text, this.at);
  }

  nest(head: string, body: () => void): void {
    this.#out.nest(head, this.at, body);
  }

  /** A name that no other variable of the function has. */
  fresh(prefix: string): string {
    this.#unique++;
    return `${prefix}$x${this.#unique}`;
  }

  /** "acl.ts:12:7" as a JavaScript string, for faults. */
  get where(): string {
    const path = this.module.files[this.at.file]?.path ?? "?";
    return JSON.stringify(`${path}:${this.at.line}:${this.at.column}`);
  }

  // ---- operands

  /** A scalar or map operand as an expression. */
  value(operand: Operand): string {
    if (operand.kind === "constant") return constantText(operand);
    if (operand.kind === "null") return operand.type === "packet" ? "-1" : "null";
    return tempName(operand);
  }

  /** A scalar as a JavaScript number, where the runtime takes sizes, flags and indexes. */
  number(operand: Operand): string {
    if (operand.kind === "constant") return String(operand.value);
    const text = this.value(operand);
    return isScalar(operand.type) && REPRESENTATION[operand.type] === "number" ? text : `Number(${text})`;
  }

  place(operand: Operand): PlaceValue {
    if (operand.kind === "null") return operand.type === "packet" ? NULL_PACKET : NULL_POINTER;
    if (operand.kind === "constant") throw new InterpreterFault("a constant is no place");
    const place = this.#places.get(operand.id);
    if (place === undefined)
      throw new InterpreterFault(`'${operand.name}' (temp ${operand.id}) has no place in ${this.func.name}`);
    return place;
  }

  /** Text of the map, and its description. */
  map(operand: MapOperand): { text: string; data: MapData } {
    if (operand.kind === "static") {
      const data = this.module.maps[operand.map];
      if (data === undefined) throw new InterpreterFault(`there is no map ${operand.map}`);
      return { text: mapName(data, operand.map), data };
    }
    const inner = this.module.maps[operand.shape]?.inner;
    if (inner === undefined || inner === null) throw new InterpreterFault(`map ${operand.shape} holds no maps`);
    return { text: this.value(operand.map), data: inner };
  }

  variable(id: number): Variable {
    const variable = this.func.variables.find((candidate) => candidate.id === id);
    if (variable === undefined) throw new InterpreterFault(`there is no variable ${id} in ${this.func.name}`);
    return variable;
  }

  slot(id: number): PlaceValue {
    const slot = this.func.slots.find((candidate) => candidate.id === id);
    if (slot === undefined) throw new InterpreterFault(`there is no slot ${id} in ${this.func.name}`);
    return { space: "memory", view: slotName(this.name, slot.name, slot.id), base: null, constant: 0 };
  }

  global(index: number): PlaceValue {
    const global = this.module.globals[index];
    if (global === undefined) throw new InterpreterFault(`there is no global ${index}`);
    return { space: "memory", view: globalName(global.name, index), base: null, constant: 0 };
  }

  // ---- results

  /** `var` because a temp may be used wherever its statement dominates, which blocks of JavaScript do not follow. */
  define(result: Temp | null, expression: string): void {
    this.line(result === null ? `${expression};` : `var ${tempName(result)} = ${expression};`);
  }

  /** An i64 result where the runtime gives a number. */
  defineErrno(result: Temp | null, expression: string): void {
    this.define(result, result === null ? expression : `BigInt(${expression})`);
  }

  /** Makes the temp another name of a place that needs no code. */
  alias(result: Temp | null, place: PlaceValue): void {
    if (result !== null) this.#places.set(result.id, place);
  }

  /** Defines a packet place. */
  definePacket(result: Temp | null, expression: string): void {
    if (result === null) return;
    this.define(result, expression);
    this.alias(result, { space: "packet", view: "frame", base: tempName(result), constant: 0 });
  }

  /** Defines a pointer: a view, and where in it. */
  definePointer(result: Temp | null, view: string, at: string | null): void {
    if (result === null) {
      this.line(`${view};`);
      return;
    }
    const name = tempName(result);
    if (at === null) this.define(result, view);
    else this.line(`var ${name} = ${view}, ${offsetName(name)} = ${at};`);
    this.alias(result, { space: "memory", view: name, base: at === null ? null : offsetName(name), constant: 0 });
  }

  /** Parameters arrive as variables of the same names. */
  parameterNames(parameter: Temp): string[] {
    const name = tempName(parameter);
    if (parameter.type === "packet") this.alias(parameter, { space: "packet", view: "frame", base: name, constant: 0 });
    if (parameter.type !== "pointer") return [name];
    this.alias(parameter, { space: "memory", view: name, base: offsetName(name), constant: 0 });
    return [name, offsetName(name)];
  }

  /** Expressions that pass an operand on: one, or view and offset of a pointer. */
  passed(operand: Operand): string[] {
    if (operand.type === "packet") return [position(this.place(operand))];
    if (operand.type !== "pointer") return [this.value(operand)];
    const place = this.place(operand);
    return [place.view, position(place)];
  }

  /** Variables of the function that hold one of the IR's. */
  variableNames(type: IrType, id: number): string[] {
    const name = variableName(this.variable(id));
    return type === "pointer" ? [name, offsetName(name)] : [name];
  }

  /** Text of view and position of `bytes` bytes, after the check that packet places need. */
  checked(operand: Operand, offset: number, bytes: number): { view: string; at: string } {
    const place = this.place(operand);
    const at = position(place, offset);
    if (place.space === "packet") {
      const end = position(place, offset + bytes);
      this.line(
        `if (${end} > packet.end) outside(${at} - packet.start, ${bytes}, packet.end - packet.start, ${this.where});`,
      );
    }
    return { view: place.view, at };
  }
}
