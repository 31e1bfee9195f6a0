import { describe, expect, test } from "vitest";
import type { Block, Module, Op, Operand, Statement } from "../../compiler/ir/ir.ts";
import { IrError, irViolations, verifyModule } from "../../compiler/ir/verify.ts";
import { u32 } from "../../sdk/layout/layouts.ts";
import { at, constant, counting, if_, let_, loadU8, module_, program, return_, TRUE, temp } from "./sample.ts";

const messages = (module: Module): string[] => irViolations(module).map(({ message }) => message);
const inBody = (body: Block, more: Parameters<typeof program>[1] = {}): string[] =>
  messages(module_([], { programs: [program(body, more)] }));
const ofOp = (op: Op): string[] => inBody([let_(null, op), return_()]);

const [packet, fits, byte, flag, number] = [
  temp(0, "packet", "p"),
  temp(1, "bool", "fits"),
  temp(2, "u8", "byte"),
  temp(3, "bool", "flag"),
  temp(4, "u32", "n"),
];
const packetAt = let_(packet, { op: "packetAt", offset: constant(0), max: 0 });
const packetFits = (bytes: number) => let_(fits, { op: "packetFits", place: packet, bytes });
const random = let_(number, { op: "random" });
const loop = (body: Block, label = 1): Statement => ({ kind: "loop", label, trips: 4, counter: 0, body, at: at(1) });
const leave = (label = 1, kind: "break" | "continue" = "break"): Statement => ({ kind, label, at: at(1) });
const repeat = (body: Block, label = 9): Statement => ({
  kind: "repeat",
  label,
  trips: constant(10),
  index: temp(90, "u32", "i"),
  body,
  at: at(1),
});

test("a well-formed module passes", () => {
  expect(messages(counting)).toEqual([]);
  expect(() => verifyModule(counting)).not.toThrow();
});

test("the error names function, place and every violation", () => {
  const broken = module_([let_(number, { op: "random" }, 3), let_(number, { op: "cpu" }, 4), return_(TRUE)]);
  expect(() => verifyModule(broken)).toThrow(IrError);
  expect(() => verifyModule(broken)).toThrow(
    /main \(service\.ts:4:1\): %4\.n is assigned twice\n.*returned value is bool/,
  );
});

describe("temps", () => {
  test("are assigned before use on every way", () => {
    expect(inBody([return_(number)])).toEqual(["%4.n is not assigned on every way here"]);
    expect(inBody([if_(TRUE, [random]), return_(number)])).toEqual(["%4.n is not assigned on every way here"]);
    expect(inBody([if_(TRUE, [random], [return_()]), return_(number)])).toEqual([]);
  });

  test("assigned before every break of a loop are known after it", () => {
    expect(inBody([loop([random, leave()]), return_(number)])).toEqual([]);
    expect(inBody([loop([if_(TRUE, [leave()]), random, leave()]), return_(number)])).toEqual([
      "%4.n is not assigned on every way here",
    ]);
  });

  test("of a callback are unknown after it, for it may not run", () => {
    expect(inBody([repeat([random]), return_(number)])).toEqual(["%4.n is not assigned on every way here"]);
  });

  test("keep their type", () => {
    expect(inBody([random, return_(temp(4, "u64", "n"))])).toEqual([
      "%4.n is used as u64 but is u32",
      "the returned value is u64 (%4.n), not u32",
    ]);
  });
});

describe("types", () => {
  test.each<[string, Op, string]>([
    [
      "mixed widths",
      { op: "binary", operator: "add", type: "u32", a: constant(1), b: constant(1, "u64") },
      "b is u64 (1:u64), not u32",
    ],
    [
      "u8 arithmetic",
      { op: "binary", operator: "add", type: "u8", a: constant(1, "u8"), b: constant(1, "u8") },
      "add does not work on u8",
    ],
    [
      "u128 arithmetic",
      { op: "binary", operator: "mul", type: "u128", a: constant(1, "u128"), b: constant(1, "u128") },
      "mul does not work on u128",
    ],
    ["constants out of range", { op: "convert", from: "u8", to: "u32", a: constant(256, "u8") }, "a 256 is outside u8"],
    [
      "a literal null as place",
      {
        op: "load",
        type: "u32",
        bytes: 4,
        order: "little",
        place: { kind: "null", type: "pointer" },
        offset: 0,
        align: 4,
      },
      "place is a literal null",
    ],
    ["missing slots", { op: "slot", slot: 5 }, "slot 5 does not exist"],
    ["missing maps", { op: "ringReserve", map: { kind: "static", map: 3 }, bytes: 8 }, "map 3 does not exist"],
    ["missing functions", { op: "call", function: 2, values: [], type: null }, "function 2 does not exist"],
    [
      "checksums of odd sizes",
      {
        op: "checksumDiff",
        from: { kind: "null", type: "pointer" },
        fromBytes: 0,
        to: { kind: "null", type: "pointer" },
        toBytes: 6,
        seed: constant(0),
      },
      "sizes are multiples of 4",
    ],
    [
      "too many log values",
      { op: "log", format: "", values: [constant(1), constant(1), constant(1), constant(1)] },
      "log takes up to three values, not 4",
    ],
  ])("%s are refused", (_, op, message) => {
    expect(ofOp(op)).toContain(message);
  });

  test("128-bit shifts and bit operators, and logic of booleans, pass", () => {
    expect(
      ofOp({ op: "binary", operator: "shl", type: "u128", a: constant(1, "u128"), b: constant(5, "u128") }),
    ).toEqual([]);
    expect(ofOp({ op: "binary", operator: "xor", type: "bool", a: TRUE, b: TRUE })).toEqual([]);
  });

  test("a map of another kind is refused", () => {
    const pop: Op = { op: "mapPop", map: { kind: "static", map: 0 }, value: temp(8, "pointer") };
    const body = [let_(temp(8, "pointer"), { op: "slot", slot: 0 }), let_(null, pop), return_()];
    const slots = [{ id: 0, name: "s", layout: u32.layout }];
    expect(messages({ ...counting, programs: [program(body, { slots })] })).toEqual([
      "map is hash, not queue or stack",
    ]);
  });

  test("an operation without result gives none", () => {
    expect(inBody([let_(number, { op: "barrier" }), return_()])).toEqual(["barrier has no result"]);
  });
});

describe("regions", () => {
  test("are left by their own labels", () => {
    expect(inBody([leave(5), return_()])).toEqual(["break #5 is in no such region"]);
    expect(inBody([{ kind: "block", label: 1, body: [leave(1, "continue")], at: at(1) }, return_()])).toContain(
      "continue #1 names a block",
    );
    expect(inBody([loop([loop([leave()]), leave()]), return_()])).toContain("label 1 stands twice");
  });

  test("a callback neither returns nor leaves an outer region", () => {
    expect(inBody([repeat([return_()]), return_()])).toEqual(["a callback returns from its function"]);
    expect(inBody([loop([repeat([leave(1)]), leave(1)]), return_()])).toEqual(["break #1 leaves a callback"]);
  });

  test("a callback does not use packet places from outside", () => {
    const body = [packetAt, packetFits(4), if_(fits, [repeat([let_(byte, loadU8(packet))])]), return_()];
    expect(inBody(body)).toEqual(["%0.p is a packet place from outside this callback"]);
  });

  test("a function with a result returns on every way", () => {
    expect(inBody([if_(TRUE, [return_()])])).toEqual(["the end is reached without a return"]);
    expect(inBody([loop([random])])).toEqual([]);
  });

  test("switch cases are distinct and in range", () => {
    const cases = [
      { values: [1n, 300n], body: [] },
      { values: [1n], body: [] },
    ];
    const body: Block = [
      { kind: "switch", type: "u8", value: constant(1, "u8"), cases, otherwise: [], at: at(1) },
      return_(),
    ];
    expect(inBody(body)).toEqual(["case 300 is outside u8", "case 1 stands twice"]);
  });
});

describe("packet bounds", () => {
  const load = let_(byte, loadU8(packet, 3));
  const uncovered = "bytes 3 to 4 of %0.p are not covered by a packetFits";

  test("an access needs a check that came out true", () => {
    expect(inBody([packetAt, load, return_()])).toEqual([uncovered]);
    expect(inBody([packetAt, packetFits(4), load, return_()])).toEqual([uncovered]);
    expect(inBody([packetAt, packetFits(4), if_(fits, [load]), return_()])).toEqual([]);
    expect(inBody([packetAt, packetFits(4), if_(fits, [], [load]), return_()])).toEqual([uncovered]);
    expect(inBody([packetAt, packetFits(4), if_(fits, [], [return_()]), load, return_()])).toEqual([]);
  });

  test("a check covers its bytes and no more", () => {
    expect(inBody([packetAt, packetFits(3), if_(fits, [load]), return_()])).toEqual([uncovered]);
  });

  test("a check of a place covers an offset of it", () => {
    const inner = temp(7, "packet", "q");
    const offset = let_(inner, { op: "offset", type: "packet", a: packet, bytes: 2 });
    expect(inBody([packetAt, packetFits(4), if_(fits, [offset, let_(byte, loadU8(inner, 1))]), return_()])).toEqual([]);
    expect(inBody([packetAt, packetFits(4), if_(fits, [offset, let_(byte, loadU8(inner, 2))]), return_()])).toEqual([
      "bytes 2 to 3 of %7.q are not covered by a packetFits",
    ]);
  });

  test("'not', 'and' and 'or' of checks are followed", () => {
    const not = let_(flag, { op: "not", a: fits });
    expect(inBody([packetAt, packetFits(4), not, if_(flag, [return_()]), load, return_()])).toEqual([]);
    const logic = (operator: "and" | "or") => let_(flag, { op: "binary", operator, type: "bool", a: fits, b: TRUE });
    expect(inBody([packetAt, packetFits(4), logic("and"), if_(flag, [load]), return_()])).toEqual([]);
    expect(inBody([packetAt, packetFits(4), logic("or"), if_(flag, [load]), return_()])).toEqual([uncovered]);
  });

  const variables = [{ id: 0, type: "bool" as const, name: "ok" }];
  const set = (value: Operand): Statement => ({ kind: "set", variable: 0, value, at: at(1) });
  const get = let_(flag, { op: "get", variable: 0, type: "bool" });

  test("an outcome kept in a variable is followed", () => {
    const body = (...rest: Block) =>
      inBody([packetAt, packetFits(4), set(fits), get, ...rest, return_()], { variables });
    expect(body(if_(flag, [load]))).toEqual([]);
    expect(body(if_(flag, [], [load]))).toEqual([uncovered]);
    expect(body(load)).toEqual([uncovered]);
  });

  test("an outcome that differs by branch is followed, as `a === null || b === null` makes it", () => {
    const [second, secondFits, no, notSecond] = [
      temp(5, "packet", "q"),
      temp(6, "bool"),
      temp(7, "bool"),
      temp(8, "bool"),
    ];
    const body = (when: (flag: Operand) => Block): Block => [
      packetAt,
      packetFits(4),
      let_(second, { op: "packetAt", offset: constant(14), max: 14 }),
      let_(secondFits, { op: "packetFits", place: second, bytes: 8 }),
      let_(no, { op: "not", a: fits }),
      if_(no, [set(TRUE)], [let_(notSecond, { op: "not", a: secondFits }), set(notSecond)]),
      get,
      ...when(flag),
      return_(),
    ];
    const both = [load, let_(temp(10, "u8"), loadU8(second, 7))];
    expect(
      inBody(
        body((bad) => [if_(bad, [return_()]), ...both]),
        { variables },
      ),
    ).toEqual([]);
    expect(
      inBody(
        body((bad) => [if_(bad, both)]),
        { variables },
      ),
    ).toEqual([uncovered, "bytes 7 to 8 of %5.q are not covered by a packetFits"]);
  });

  test("an outcome kept from an earlier turn of a loop says nothing", () => {
    const turn = [get, if_(flag, [leave()]), packetAt, packetFits(4), set(fits)];
    const after = let_(temp(10, "u8"), loadU8(packet, 3));
    const stale = [get, packetAt, if_(flag, [after]), packetFits(4), set(fits), if_(fits, [leave()])];
    expect(inBody([set(constant(0, "bool")), loop(turn), return_()], { variables })).toEqual([]);
    expect(inBody([set(constant(0, "bool")), loop(stale), return_()], { variables })).toEqual([uncovered]);
  });

  test("an outcome that goes into a call is not followed, and its bytes are not judged", () => {
    const chosen = let_(flag, { op: "select", type: "bool", condition: fits, a: TRUE, b: fits });
    expect(inBody([packetAt, packetFits(4), chosen, if_(flag, [load]), return_()])).toEqual([]);
    expect(inBody([packetAt, packetFits(3), chosen, if_(flag, [load]), return_()])).toEqual([uncovered]);
  });

  test("a copy reads and writes whole ranges", () => {
    const slot = temp(8, "pointer");
    const copy: Statement = { kind: "copy", to: slot, toOffset: 0, from: packet, fromOffset: 2, bytes: 4, at: at(1) };
    const slots = [{ id: 0, name: "s", layout: u32.layout }];
    const body = [packetAt, packetFits(4), let_(slot, { op: "slot", slot: 0 }), if_(fits, [copy]), return_()];
    expect(inBody(body, { slots })).toEqual(["bytes 2 to 6 of %0.p are not covered by a packetFits"]);
  });
});

describe("modules", () => {
  test("have no recursion", () => {
    const call = (fn: number): Block => [let_(null, { op: "call", function: fn, values: [], type: null })];
    const helper = (name: string, body: Block) => ({ ...program(body), name, result: null });
    const functions = [helper("even", call(1)), helper("odd", call(0))];
    expect(messages(module_([return_()], { functions }))).toEqual([
      "the function calls itself, at once or through others",
    ]);
  });

  test("have one thing per name, and programs of XDP's shape", () => {
    const programs = [program([return_()]), program([return_(null)], { result: null, parameters: [number] })];
    expect(messages(module_([], { programs }))).toEqual([
      "two functions have this name",
      "a program takes no parameters",
      "a program returns u32, not null",
    ]);
  });

  test("hold globals of their layout's size", () => {
    const globals = [{ name: "g", layout: u32.layout, constant: false, initial: new Uint8Array(3), at: at(1) }];
    expect(messages(module_([return_()], { globals }))).toEqual(["3 bytes of content for 4"]);
  });
});
