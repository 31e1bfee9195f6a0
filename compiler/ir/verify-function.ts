/** The rules inside one function: single assignment, dominance, types, labels, packet bounds. */
import { type Flow, FlowState, join } from "./flow.ts";
import type { Block, IrFunction, IrType, Module, Op, Operand, Place, Statement, Temp } from "./ir.ts";
import { statementOperands, walk } from "./operands.ts";
import { covers, PacketKnowledge, withFacts } from "./packet-facts.ts";
import { printOperand } from "./print-ops.ts";
import { checkOp, inRange, isScalar, mapKind, type OpContext, want, wantAccess } from "./verify-ops.ts";

/** Something a module must not contain; it means a bug in whatever made the module. */
export interface Violation {
  readonly function: string;
  readonly at: Place;
  readonly message: string;
}

type Region = Statement & { readonly kind: "loop" | "block" | "repeat" | "drain" };

/** An enclosing region and the ways that leave it by `break`. */
interface OpenRegion {
  readonly statement: Region;
  exit: Flow;
}

/** The body runs as a function of its own, called by the kernel. */
const isCallback = ({ statement }: OpenRegion): boolean => statement.kind === "repeat" || statement.kind === "drain";

const MEMORY: readonly IrType[] = ["packet", "pointer"];

function greatestTemp(fn: IrFunction): number {
  let greatest = -1;
  const see = (temp: Operand | null) => {
    if (temp?.kind === "temp") greatest = Math.max(greatest, temp.id);
  };
  fn.parameters.forEach(see);
  walk(fn.body, (statement) => {
    statementOperands(statement).forEach(see);
    if (statement.kind === "let" || statement.kind === "drain") see(statement.result);
    if (statement.kind === "repeat") see(statement.index);
  });
  return greatest;
}

class FunctionVerifier {
  readonly #fn: IrFunction;
  readonly #violations: Violation[] = [];
  readonly #context: OpContext;
  readonly #packet: PacketKnowledge;
  readonly #definitions = new Map<number, { readonly type: IrType; readonly callbacks: number }>();
  readonly #regions: OpenRegion[] = [];
  readonly #labels = new Set<number>();
  #at: Place;

  readonly #bounds: boolean;

  constructor(module: Module, fn: IrFunction, bounds: boolean) {
    this.#fn = fn;
    this.#bounds = bounds;
    this.#at = fn.at;
    this.#packet = new PacketKnowledge(fn.body);
    this.#context = { module, fn, report: (message) => this.#report(message) };
  }

  verify(): readonly Violation[] {
    const start = new FlowState(greatestTemp(this.#fn) + 1);
    for (const parameter of this.#fn.parameters) this.#define(parameter, start);
    const end = this.#block(this.#fn.body, start);
    this.#at = this.#fn.at;
    if (end !== null && this.#fn.result !== null) this.#report("the end is reached without a return");
    return this.#violations;
  }

  #report(message: string): void {
    this.#violations.push({ function: this.#fn.name, at: this.#at, message });
  }

  get #callbacks(): number {
    return this.#regions.filter(isCallback).length;
  }

  #define(temp: Temp, state: FlowState): void {
    if (this.#definitions.has(temp.id)) this.#report(`${printOperand(temp)} is assigned twice`);
    this.#definitions.set(temp.id, { type: temp.type, callbacks: this.#callbacks });
    state.assign(temp.id);
  }

  #use(operand: Operand, state: FlowState): void {
    if (operand.kind !== "temp") return;
    const definition = this.#definitions.get(operand.id);
    if (definition === undefined || !state.isAssigned(operand.id)) {
      this.#report(`${printOperand(operand)} is not assigned on every way here`);
      return;
    }
    if (definition.type !== operand.type) {
      this.#report(`${printOperand(operand)} is used as ${operand.type} but is ${definition.type}`);
    }
    if (definition.type === "packet" && definition.callbacks !== this.#callbacks) {
      this.#report(`${printOperand(operand)} is a packet place from outside this callback`);
    }
  }

  #block(block: Block, entry: FlowState): Flow {
    let state: Flow = entry;
    for (const statement of block) {
      // Statements after a break or return are dead; their own shape is still checked, in a state of their own.
      if (state === null) return this.#dead(block.slice(block.indexOf(statement)), entry);
      this.#at = statement.at;
      for (const operand of statementOperands(statement)) this.#use(operand, state);
      state = this.#statement(statement, state);
    }
    return state;
  }

  /** Dead code needs no flow: an optimiser removes it. Its temps must still be single. */
  #dead(block: Block, entry: FlowState): null {
    walk(block, (statement) => {
      if (statement.kind === "let" && statement.result !== null) {
        this.#at = statement.at;
        this.#define(statement.result, entry.copy());
      }
    });
    return null;
  }

  #statement(statement: Statement, state: FlowState): Flow {
    switch (statement.kind) {
      case "let":
        this.#let(statement, state);
        return state;
      case "set": {
        const variable = this.#fn.variables.find(({ id }) => id === statement.variable);
        if (variable === undefined) this.#report(`variable ${statement.variable} does not exist`);
        else want(this.#context, variable.name, statement.value, [variable.type], true);
        state.setVariable(statement.variable, withFacts(this.#packet.outcomes(statement.value), state.facts));
        return state;
      }
      case "store":
        want(this.#context, "place", statement.place, MEMORY);
        if (!isScalar(statement.value.type)) this.#report(`a ${statement.value.type} cannot be stored`);
        else wantAccess(this.#context, "store", statement.bytes, statement.value.type, statement.align);
        this.#access(statement.place, statement.offset, statement.bytes, state);
        return state;
      case "copy":
        want(this.#context, "to", statement.to, MEMORY);
        want(this.#context, "from", statement.from, MEMORY);
        this.#access(statement.to, statement.toOffset, statement.bytes, state);
        this.#access(statement.from, statement.fromOffset, statement.bytes, state);
        return state;
      case "zero":
        want(this.#context, "place", statement.place, MEMORY);
        this.#access(statement.place, statement.offset, statement.bytes, state);
        return state;
      case "if":
        return this.#if(statement, state);
      case "switch":
        return this.#switch(statement, state);
      case "loop":
      case "block":
      case "repeat":
      case "drain":
        return this.#region(statement, state);
      case "break":
      case "continue":
        this.#leave(statement, state);
        return null;
      case "return":
        this.#return(statement.value);
        return null;
    }
  }

  #let({ op, result }: Statement & { readonly kind: "let" }, state: FlowState): void {
    const type = checkOp(op, this.#context);
    this.#opAccess(op, state);
    if (result === null) return;
    if (type === null) this.#report(`${op.op} has no result`);
    else if (type !== result.type)
      this.#report(`${op.op} gives ${type}, but ${printOperand(result)} is ${result.type}`);
    this.#define(result, state);
    this.#packet.learn(result, op, (id) => state.variable(id));
  }

  /** Bytes that an operation touches in the packet itself. Keys and values of maps have the map's own sizes. */
  #opAccess(op: Op, state: FlowState): void {
    if (op.op === "load") this.#access(op.place, op.offset, op.bytes, state);
    if (op.op === "checksumDiff") {
      this.#access(op.from, 0, op.fromBytes, state);
      this.#access(op.to, 0, op.toBytes, state);
    }
    if (op.op === "ringOutput") this.#access(op.data, 0, op.bytes, state);
    if ("map" in op && op.map.kind === "static") {
      const map = this.#context.module.maps[op.map.map];
      if ("key" in op && op.op !== "redirectMap") this.#access(op.key, 0, map?.key?.size ?? 0, state);
      if ("value" in op) this.#access(op.value, 0, map?.value?.size ?? 0, state);
    }
  }

  #access(place: Operand, offset: number, bytes: number, state: FlowState): void {
    const range = this.#packet.range(place, offset, bytes);
    if (!this.#bounds || range === null || covers(state.facts, range)) return;
    this.#report(`bytes ${offset} to ${offset + bytes} of ${printOperand(place)} are not covered by a packetFits`);
  }

  #if(statement: Statement & { readonly kind: "if" }, state: FlowState): Flow {
    want(this.#context, "condition", statement.condition, ["bool"]);
    const outcomes = this.#packet.outcomes(statement.condition);
    const whenTrue = state.copy();
    whenTrue.learn(outcomes.whenTrue ?? []);
    state.learn(outcomes.whenFalse ?? []);
    return join(this.#block(statement.then, whenTrue), this.#block(statement.otherwise, state));
  }

  #switch(statement: Statement & { readonly kind: "switch" }, state: FlowState): Flow {
    want(this.#context, "value", statement.value, [statement.type]);
    const seen = new Set<bigint>();
    for (const value of statement.cases.flatMap(({ values }) => values)) {
      if (seen.has(value)) this.#report(`case ${value} stands twice`);
      if (!inRange(value, statement.type)) this.#report(`case ${value} is outside ${statement.type}`);
      seen.add(value);
    }
    const ends = statement.cases.map(({ body }) => this.#block(body, state.copy()));
    return ends.reduce(join, this.#block(statement.otherwise, state));
  }

  #region(statement: Region, state: FlowState): Flow {
    if (this.#labels.has(statement.label)) this.#report(`label ${statement.label} stands twice`);
    this.#labels.add(statement.label);
    const open: OpenRegion = { statement, exit: null };
    // What a body sets, an earlier turn may have set already.
    if (statement.kind !== "block") {
      walk(statement.body, (inner) => {
        if (inner.kind === "set") state.forgetVariable(inner.variable);
      });
    }
    const before = state.copy();
    const at = this.#at;
    if (statement.kind === "loop" && !(Number.isInteger(statement.trips) && statement.trips >= 1)) {
      this.#report(`a loop runs ${statement.trips} times`);
    }
    if (statement.kind === "repeat") want(this.#context, "trips", statement.trips, ["u32"]);
    if (statement.kind === "drain") this.#drain(statement);

    this.#regions.push(open);
    if (statement.kind === "repeat") {
      if (statement.index.type !== "u32") this.#report(`the index ${printOperand(statement.index)} is not u32`);
      this.#define(statement.index, state);
    }
    const end = this.#block(statement.body, state);
    this.#regions.pop();
    this.#at = at;

    if (statement.kind === "loop") return open.exit;
    if (statement.kind === "block") return join(open.exit, end);
    // A callback may run no times at all: nothing it assigns is certain afterwards.
    if (statement.kind === "drain" && statement.result !== null) this.#define(statement.result, before);
    return before;
  }

  #drain(statement: Statement & { readonly kind: "drain" }): void {
    const kind = mapKind(this.#context, statement.map);
    if (kind !== null && kind !== "userRingBuffer") this.#report(`map is ${kind}, not userRingBuffer`);
    if (!this.#fn.slots.some(({ id }) => id === statement.slot)) this.#report(`slot ${statement.slot} does not exist`);
    if (statement.result !== null && statement.result.type !== "i64") this.#report("the number drained is i64");
  }

  #leave({ kind, label }: Statement & { readonly kind: "break" | "continue" }, state: FlowState): void {
    const depth = this.#regions.findLastIndex(({ statement }) => statement.label === label);
    const region = this.#regions[depth];
    if (region === undefined) {
      this.#report(`${kind} #${label} is in no such region`);
      return;
    }
    if (this.#regions.slice(depth + 1).some(isCallback)) this.#report(`${kind} #${label} leaves a callback`);
    if (kind === "continue" && region.statement.kind === "block") this.#report(`continue #${label} names a block`);
    if (kind === "break") region.exit = join(region.exit, state);
  }

  #return(value: Operand | null): void {
    if (this.#callbacks > 0) this.#report("a callback returns from its function");
    const { result } = this.#fn;
    if (value === null) {
      if (result !== null) this.#report(`nothing is returned, not ${result}`);
    } else if (result === null) this.#report(`${value.type} is returned by a function without result`);
    else want(this.#context, "the returned value", value, [result], true);
  }
}

/** What is wrong inside one function of the module; `bounds`: whether to judge packet accesses too. */
export const functionViolations = (module: Module, fn: IrFunction, bounds: boolean): readonly Violation[] =>
  new FunctionVerifier(module, fn, bounds).verify();
