/**
 * Builds for tests take from globals what a test must command: the time, random numbers, and what lies behind the node's
 * interfaces. The interpreter and the kernel then run the same module and agree by construction.
 *
 * - `time` reads `zeta_test_clock` (nanoseconds; ticks are 250 a second);
 * - `random` steps the state in `zeta_test_random`;
 * - `fibLookup` is answered from `zeta_test_route`: every address is one hop away on one interface, by a hardware
 *   address that ends in the last four bytes of the IP address; or there is no route at all.
 */
import { type Layout, struct, u32, u64 } from "../../sdk/layout/layouts.ts";
import type {
  Block,
  Global,
  IrFunction,
  IrType,
  Module,
  Op,
  Operand,
  Place,
  Scalar,
  Statement,
  Temp,
} from "../ir/ir.ts";
import { blocksOf, walk } from "../ir/operands.ts";

export const TEST_CLOCK = "zeta_test_clock";
export const TEST_RANDOM = "zeta_test_random";
export const TEST_ROUTE = "zeta_test_route";

/** What a test says of routes. `result` is a BPF_FIB_LKUP_RET_*: 0 is a route, 4 (not forwarded) is none. `mtu`: in bytes. */
export const testRoute = struct({ result: u32, interface: u32, mtu: u32 });

const NANOSECONDS_PER_TICK = 4_000_000n;
/** Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014): a Weyl sequence, then mixed. */
const WEYL = 0x9e37_79b9_7f4a_7c15n;
const MIX = 0xbf58_476d_1ce4_e5b9n;

/** struct bpf_fib_lookup of linux/bpf.h. */
const FIB = { family: 0, mtu: 6, interface: 8, destination: 32, sourceMac: 52, destinationMac: 58 } as const;
const AF_INET = 2;
/** Locally administered; the rest is the address's last four bytes, or zero for the node's own. */
const MAC_START = [2, 1] as const;

interface Numbers {
  readonly clock: number;
  readonly random: number;
  readonly route: number;
}

/** Writes the statements that stand in for one operation. */
class Replacement {
  readonly statements: Statement[] = [];
  readonly #at: Place;
  readonly #fresh: () => number;

  constructor(at: Place, fresh: () => number) {
    this.#at = at;
    this.#fresh = fresh;
  }

  let(type: IrType, op: Op, result?: Temp): Temp {
    const temp: Temp = result ?? { kind: "temp", id: this.#fresh(), type, name: "test" };
    this.statements.push({ kind: "let", result: temp, op, at: this.#at });
    return temp;
  }

  load(type: Scalar, bytes: number, place: Operand, offset: number, result?: Temp): Temp {
    return this.let(type, { op: "load", type, bytes, order: "little", place, offset, align: 1 }, result);
  }

  store(place: Operand, offset: number, bytes: number, value: Operand): void {
    this.statements.push({ kind: "store", place, offset, bytes, order: "little", value, align: 1, at: this.#at });
  }

  binary(operator: "add" | "mul" | "xor" | "shr" | "div", a: Operand, b: bigint | Operand, result?: Temp): Temp {
    const right: Operand = typeof b === "bigint" ? { kind: "constant", type: "u64", value: b } : b;
    return this.let("u64", { op: "binary", operator, type: "u64", a, b: right }, result);
  }
}

function time(to: Replacement, clock: string, numbers: Numbers, result: Temp): void {
  const place = to.let("pointer", { op: "global", global: numbers.clock });
  if (clock !== "jiffies") return void to.load("u64", 8, place, 0, result);
  to.binary("div", to.load("u64", 8, place, 0), NANOSECONDS_PER_TICK, result);
}

function random(to: Replacement, numbers: Numbers, result: Temp | null): void {
  const place = to.let("pointer", { op: "global", global: numbers.random });
  const state = to.binary("add", to.load("u64", 8, place, 0), WEYL);
  to.store(place, 0, 8, state);
  if (result === null) return;
  const mixed = to.binary("mul", to.binary("xor", state, to.binary("shr", state, 30n)), MIX);
  const high = to.binary("shr", mixed, 32n);
  to.let("u32", { op: "convert", from: "u64", to: "u32", a: high }, result);
}

const constant = (value: number): Operand => ({ kind: "constant", type: "u32", value: BigInt(value) });

function route(to: Replacement, parameters: Operand, numbers: Numbers, result: Temp | null): void {
  const place = to.let("pointer", { op: "global", global: numbers.route });
  to.store(parameters, FIB.interface, 4, to.load("u32", 4, place, 4));
  to.store(parameters, FIB.mtu, 2, to.load("u32", 4, place, 8));
  for (const mac of [FIB.sourceMac, FIB.destinationMac])
    for (const [index, byte] of MAC_START.entries()) to.store(parameters, mac + index, 1, constant(byte));
  const family = to.load("u32", 1, parameters, FIB.family);
  const isIpv4 = to.let("bool", { op: "compare", operator: "eq", type: "u32", a: family, b: constant(AF_INET) });
  const v4 = to.load("u32", 4, parameters, FIB.destination);
  const v6 = to.load("u32", 4, parameters, FIB.destination + 12);
  const last = to.let("u32", { op: "select", type: "u32", condition: isIpv4, a: v4, b: v6 });
  to.store(parameters, FIB.destinationMac + MAC_START.length, 4, last);
  to.store(parameters, FIB.sourceMac + MAC_START.length, 4, constant(0));
  if (result === null) return;
  const answer = to.load("u32", 4, place, 0);
  to.let("i64", { op: "convert", from: "u32", to: "i64", a: answer }, result);
}

/** One more than the greatest temp of a function: where new ones start. */
function freshIds(fn: IrFunction): () => number {
  let next = 0;
  const seen = (temp: Temp | null): void => {
    if (temp !== null) next = Math.max(next, temp.id + 1);
  };
  for (const parameter of fn.parameters) seen(parameter);
  walk(fn.body, (statement) => {
    if (statement.kind === "let" || statement.kind === "drain") seen(statement.result);
    else if (statement.kind === "repeat") seen(statement.index);
  });
  return () => next++;
}

function replaced(statement: Statement, numbers: Numbers, fresh: () => number): readonly Statement[] | null {
  if (statement.kind !== "let") return null;
  const { op, result, at } = statement;
  const to = new Replacement(at, fresh);
  if (op.op === "time") {
    if (result !== null) time(to, op.clock, numbers, result);
  } else if (op.op === "random") random(to, numbers, result);
  else if (op.op === "fibLookup") route(to, op.parameters, numbers, result);
  else return null;
  return to.statements;
}

function rewritten(block: Block, numbers: Numbers, fresh: () => number): Block {
  const inner = (body: Block): Block => rewritten(body, numbers, fresh);
  return block.flatMap((statement): readonly Statement[] => {
    if (blocksOf(statement).length === 0) return replaced(statement, numbers, fresh) ?? [statement];
    switch (statement.kind) {
      case "if":
        return [{ ...statement, then: inner(statement.then), otherwise: inner(statement.otherwise) }];
      case "switch": {
        const cases = statement.cases.map((each) => ({ ...each, body: inner(each.body) }));
        return [{ ...statement, cases, otherwise: inner(statement.otherwise) }];
      }
      case "loop":
      case "block":
      case "repeat":
      case "drain":
        return [{ ...statement, body: inner(statement.body) }];
      default:
        return [statement];
    }
  });
}

const START: Place = { file: 0, line: 1, column: 1 };

const global = (name: string, { layout }: Layout<unknown>, initial: Uint8Array): Global => ({
  name,
  layout,
  constant: false,
  initial,
  at: START,
});

/** The same module, commanded by the globals above. */
export function testBuild(module: Module): Module {
  const first = module.globals.length;
  const numbers: Numbers = { clock: first, random: first + 1, route: first + 2 };
  const rewrite = <F extends IrFunction>(fn: F): F => ({ ...fn, body: rewritten(fn.body, numbers, freshIds(fn)) });
  return {
    ...module,
    globals: [
      ...module.globals,
      global(TEST_CLOCK, u64, new Uint8Array(u64.layout.size)),
      global(TEST_RANDOM, u64, new Uint8Array(u64.layout.size)),
      global(TEST_ROUTE, testRoute, new Uint8Array(testRoute.layout.size)),
    ],
    functions: module.functions.map(rewrite),
    programs: module.programs.map(rewrite),
  };
}
