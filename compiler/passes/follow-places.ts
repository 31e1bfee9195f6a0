/**
 * A position that branches have set, and that a place in the packet is made of, is followed as a place: each branch leaves
 * the place beside the number. The place is then one step from one that is there already, instead of a sum with the
 * packet's start; and often nobody asks for the number any more.
 */
import type { Block, IrFunction, Operand, Statement, Temp } from "../ir/ir.ts";
import { maximaOf, sharedVariables, touched } from "../ir/maxima.ts";
import { walk } from "../ir/operands.ts";
import { blockMovesPacket, movesPacket } from "./effects.ts";
import { greatestTemp, replaceBlocks } from "./operands.ts";

/** Offsets beyond can be in no packet (ir.ts). */
const LONGEST = 16_383n;

/** How a position is found: as it is, or a number of bytes behind another variable's. */
interface Origin {
  readonly variable: number | null;
  readonly by: Operand;
}

type Let = Extract<Statement, { kind: "let" }>;
type Setting = Extract<Statement, { kind: "set" }>;

/** Variables and temps whose places are known on a way; a temp is a variable's content when it was read. */
class Way {
  readonly variables: Set<number>;
  readonly temps: Map<number, number>;

  constructor(variables: Iterable<number> = [], temps: Iterable<readonly [number, number]> = []) {
    this.variables = new Set(variables);
    this.temps = new Map(temps);
  }

  copy = (): Way => new Way(this.variables, this.temps);

  /** The packet moves: all places in it are dead. */
  forgetAll(): void {
    this.variables.clear();
    this.temps.clear();
  }
}

function meeting(a: Way | null, b: Way | null): Way | null {
  if (a === null || b === null) return a ?? b;
  for (const variable of a.variables) if (!b.variables.has(variable)) a.variables.delete(variable);
  for (const temp of a.temps.keys()) if (!b.temps.has(temp)) a.temps.delete(temp);
  return a;
}

/** Finds out which sets leave a place, and which reads find one. */
class Survey {
  readonly origins = new Map<Setting, Origin>();
  /** Reads that find a place on every way to them, by temp: the variable. */
  readonly reads = new Map<number, number>();
  /** Places made of such reads. */
  readonly uses = new Map<Let, number>();
  readonly #definitions = new Map<number, Let>();
  readonly #maximum: (operand: Operand) => bigint;
  readonly #shared: ReadonlySet<number>;
  readonly #exits = new Map<number, Way | null>();

  constructor(body: Block) {
    this.#maximum = maximaOf(body);
    this.#shared = sharedVariables(body);
    walk(body, (statement) => {
      if (statement.kind === "let" && statement.result !== null) this.#definitions.set(statement.result.id, statement);
    });
    this.#block(body, new Way());
  }

  #block(block: Block, entry: Way | null): Way | null {
    return block.reduce((way, statement) => (way === null ? null : this.#statement(statement, way)), entry);
  }

  #statement(statement: Statement, way: Way): Way | null {
    switch (statement.kind) {
      case "let":
        this.#let(statement, way);
        return way;
      case "set": {
        const origin = this.#shared.has(statement.variable) ? null : this.#origin(statement.value, way);
        if (origin === null) way.variables.delete(statement.variable);
        else {
          way.variables.add(statement.variable);
          this.origins.set(statement, origin);
        }
        return way;
      }
      case "if": {
        const other = way.copy();
        return meeting(this.#block(statement.then, way), this.#block(statement.otherwise, other));
      }
      case "switch": {
        const ends = statement.cases.map(({ body }) => this.#block(body, way.copy()));
        return ends.reduce(meeting, this.#block(statement.otherwise, way));
      }
      case "loop":
      case "block":
        return this.#region(statement, way);
      case "repeat":
      case "drain":
        this.#block(statement.body, new Way());
        if (blockMovesPacket(statement.body)) way.forgetAll();
        return way;
      case "break":
        this.#exits.set(statement.label, meeting(this.#exits.get(statement.label) ?? null, way.copy()));
        return null;
      case "continue":
      case "return":
        return null;
      default:
        return way;
    }
  }

  #region(statement: Extract<Statement, { kind: "loop" | "block" }>, way: Way): Way | null {
    if (statement.kind === "loop") {
      for (const variable of touched(statement.body, false)) way.variables.delete(variable);
      if (blockMovesPacket(statement.body)) way.forgetAll();
    }
    this.#exits.set(statement.label, null);
    const end = this.#block(statement.body, way);
    const exit = this.#exits.get(statement.label) ?? null;
    return statement.kind === "loop" ? exit : meeting(exit, end);
  }

  #let(statement: Let, way: Way): void {
    const { op, result } = statement;
    if (movesPacket(op)) way.forgetAll();
    if (result === null) return;
    if (op.op === "get" && op.type === "u32" && way.variables.has(op.variable)) {
      way.temps.set(result.id, op.variable);
      this.reads.set(result.id, op.variable);
    }
    const read = op.op === "packetAt" && op.offset.kind === "temp" ? way.temps.get(op.offset.id) : undefined;
    if (read !== undefined) this.uses.set(statement, read);
  }

  #origin(value: Operand, way: Way): Origin | null {
    if (this.#maximum(value) > LONGEST) return null;
    if (value.kind === "constant") return { variable: null, by: value };
    const op = value.kind === "temp" ? this.#definitions.get(value.id)?.op : undefined;
    if (op?.op !== "binary" || op.operator !== "add" || op.type !== "u32") return null;
    for (const [a, by] of [
      [op.a, op.b],
      [op.b, op.a],
    ] as const)
      if (a.kind === "temp" && way.temps.has(a.id)) return { variable: a.id, by };
    return null;
  }
}

/** The variables that places are made of, and those whose places these are found from. */
function followed(survey: Survey): ReadonlySet<number> {
  const wanted = new Set<number>(survey.uses.values());
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const [{ variable }, origin] of survey.origins) {
      const from = origin.variable === null ? undefined : survey.reads.get(origin.variable);
      if (wanted.has(variable) && from !== undefined) wanted.add(from);
    }
  }
  return wanted;
}

export function followPlaces<F extends IrFunction>(fn: F): F {
  const survey = new Survey(fn.body);
  const variables = followed(survey);
  if (variables.size === 0) return fn;
  let next = greatestTemp(fn);
  const fresh = (): Temp => ({ kind: "temp", id: ++next, type: "packet", name: "place" });
  const greatest = Math.max(...fn.variables.map(({ id }) => id));
  const beside = new Map([...variables].map((variable, index) => [variable, greatest + 1 + index]));
  /** Places by the temps that hold their numbers. */
  const places = new Map<number, Temp>();

  const rewrite = (block: Block): Block =>
    block.flatMap((statement): readonly Statement[] => {
      if (statement.kind === "set") return [statement, ...placeOf(statement)];
      if (statement.kind !== "let") return [replaceBlocks(statement, rewrite)];
      const { op, result, at } = statement;
      const place = op.op === "packetAt" && op.offset.kind === "temp" ? places.get(op.offset.id) : undefined;
      if (place !== undefined && survey.uses.has(statement))
        return [{ kind: "let", result, op: { op: "offset", type: "packet", a: place, bytes: 0 }, at }];
      const variable = result === null ? undefined : survey.reads.get(result.id);
      const companion = variable === undefined ? undefined : beside.get(variable);
      if (result === null || companion === undefined) return [statement];
      const [held, root] = [fresh(), fresh()];
      places.set(result.id, root);
      const nothing: Operand = { kind: "constant", type: "u32", value: 0n };
      return [
        statement,
        { kind: "let", result: held, op: { op: "get", variable: companion, type: "packet" }, at },
        { kind: "let", result: root, op: { op: "advance", a: held, by: nothing }, at },
      ];
    });
  const placeOf = (set: Setting): readonly Statement[] => {
    const origin = survey.origins.get(set);
    const companion = beside.get(set.variable);
    if (origin === undefined || companion === undefined) return [];
    const { variable, by } = origin;
    const from = variable === null ? undefined : places.get(variable);
    if (variable !== null && from === undefined)
      throw new Error(`a position is followed from %${variable}, which is not`);
    const place = fresh();
    const fixed = by.kind === "constant" ? Number(by.value) : null;
    const { at } = set;
    const op: Let["op"] =
      from === undefined
        ? { op: "packetAt", offset: by, max: fixed }
        : fixed !== null
          ? { op: "offset", type: "packet", a: from, bytes: fixed }
          : { op: "advance", a: from, by };
    return [
      { kind: "let", result: place, op, at },
      { kind: "set", variable: companion, value: place, at },
    ];
  };
  const body = rewrite(fn.body);
  const companions = [...beside].map(([variable, id]) => ({
    id,
    type: "packet" as const,
    name: `${fn.variables.find((one) => one.id === variable)?.name ?? ""}.place`,
  }));
  return { ...fn, body, variables: [...fn.variables, ...companions] };
}
