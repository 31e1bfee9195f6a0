/** The passes: what they take away, what they must leave, and that the meaning stays. */
import { describe, expect, test } from "vitest";
import { createMachine } from "../../compiler/interpreter/index.ts";
import type { Block, Module, Operand } from "../../compiler/ir/ir.ts";
import { walk } from "../../compiler/ir/operands.ts";
import { printModule } from "../../compiler/ir/print.ts";
import { verifyModule } from "../../compiler/ir/verify.ts";
import { removeDead } from "../../compiler/passes/dead.ts";
import { improve } from "../../compiler/passes/index.ts";
import { useKnown } from "../../compiler/passes/known.ts";
import { type BlockBuilder, bool, moduleOf, u32 } from "../kit/ir.ts";

const bodyOf = (module: Module): Block => module.programs[0]?.body ?? [];

/** How often an operation stands in the program. */
function occurrences(module: Module, op: string): number {
  let count = 0;
  walk(bodyOf(module), (statement) => {
    if (statement.kind === "let" && statement.op.op === op) count += 1;
  });
  return count;
}

const testSizes = (module: Module): number[] => {
  const sizes: number[] = [];
  walk(bodyOf(module), (statement) => {
    if (statement.kind === "let" && statement.op.op === "packetFits") sizes.push(statement.op.bytes);
  });
  return sizes;
};

/** The same answers before and after, to packets of every length up to 80. */
function keepsMeaning(module: Module): Module {
  const improved = improve(module);
  verifyModule(improved);
  const [before, after] = [createMachine(module), createMachine(improved)];
  for (let length = 0; length <= 80; length++) {
    const packet = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
    expect(after.run("main", packet), `${length} bytes, ${printModule(improved)}`).toEqual(before.run("main", packet));
  }
  return improved;
}

const placeAt = (to: BlockBuilder, offset: number) =>
  to.let("packet", { op: "packetAt", offset: u32(offset), max: offset });

/** Leaves with `action` unless `bytes` bytes are at `offset`; gives the place. */
function need(to: BlockBuilder, offset: number, bytes: number, action: number) {
  const place = placeAt(to, offset);
  const fits = to.let("bool", { op: "packetFits", place, bytes });
  to.if(to.let("bool", { op: "not", a: fits }), () => to.return(u32(action)));
  return place;
}

describe("bounds tests", () => {
  test("one covers several accesses where all failures are treated alike", () => {
    const improved = keepsMeaning(
      moduleOf((to) => {
        const ethernet = need(to, 0, 14, 2);
        const type = to.load("u32", 2, ethernet, 12, "big");
        to.if(to.let("bool", { op: "compare", operator: "gt", type: "u32", a: type, b: u32(60_000) }), () =>
          to.return(u32(2)),
        );
        const ip = need(to, 14, 20, 2);
        const tcp = need(to, 34, 20, 2);
        to.return(
          to.binary("and", "u32", to.binary("add", "u32", to.load("u32", 1, ip), to.load("u32", 1, tcp)), u32(3)),
        );
      }),
    );
    expect(testSizes(improved)).toEqual([54]);
  });

  test("a failure that is treated differently keeps its own test", () => {
    const module = moduleOf((to) => {
      need(to, 0, 14, 2);
      to.return(to.binary("and", "u32", to.load("u32", 1, need(to, 14, 20, 1)), u32(3)));
    });
    expect(testSizes(keepsMeaning(module))).toEqual([14, 20]);
  });

  test("an exit in between with another action keeps the order of the two", () => {
    const module = moduleOf((to) => {
      const ethernet = need(to, 0, 14, 2);
      const odd = to.binary("and", "u32", to.load("u32", 1, ethernet, 1), u32(1));
      to.if(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: odd, b: u32(1) }), () => to.return(u32(1)));
      to.return(to.binary("and", "u32", to.load("u32", 1, need(to, 14, 20, 2)), u32(3)));
    });
    expect(testSizes(keepsMeaning(module))).toEqual([14, 20]);
  });

  test("nothing that someone could notice happens for a packet that a later test refuses, or still does", () => {
    const module = moduleOf((to) => {
      const ethernet = need(to, 0, 14, 2);
      to.store(u32(7), 1, ethernet, 3);
      to.return(to.binary("and", "u32", to.load("u32", 1, need(to, 14, 20, 2)), u32(3)));
    });
    expect(testSizes(keepsMeaning(module))).toEqual([14, 20]);
  });

  test("`a === null || b === null` asks once, by the test that covers both", () => {
    const module = moduleOf((to) => {
      const either = to.variable("bool", "or");
      const [first, second] = [placeAt(to, 0), placeAt(to, 14)];
      const one = to.let("bool", { op: "packetFits", place: first, bytes: 14 });
      const two = to.let("bool", { op: "packetFits", place: second, bytes: 20 });
      to.if(
        to.let("bool", { op: "not", a: one }),
        () => to.set(either, bool(true)),
        () => to.set(either, to.let("bool", { op: "not", a: two })),
      );
      to.if(to.get(either), () => to.return(u32(1)));
      to.return(to.binary("and", "u32", to.load("u32", 1, second, 19), u32(3)));
    });
    expect(testSizes(keepsMeaning(module))).toEqual([34]);
  });

  test("what was asked is not asked again, until the packet moves", () => {
    const again = (moves: boolean) =>
      moduleOf((to) => {
        need(to, 0, 40, 1);
        if (moves) to.effect({ op: "adjustHead", delta: { kind: "constant", type: "i32", value: 8n } });
        to.return(to.binary("and", "u32", to.load("u32", 1, need(to, 20, 20, 2)), u32(3)));
      });
    expect(testSizes(keepsMeaning(again(false)))).toEqual([40]);
    expect(testSizes(keepsMeaning(again(true)))).toEqual([40, 20]);
  });

  test("a place at an offset that the packet tells is found once", () => {
    const module = moduleOf((to) => {
      const length = to.binary("and", "u32", to.load("u32", 1, need(to, 0, 14, 1), 3), u32(31));
      const offset = to.variable("u32", "offset");
      to.set(offset, length);
      for (const bytes of [8, 4]) {
        const place = to.let("packet", { op: "packetAt", offset: to.get(offset), max: 31 });
        const fits = to.let("bool", { op: "packetFits", place, bytes });
        to.if(to.let("bool", { op: "not", a: fits }), () => to.return(u32(bytes)));
      }
      to.return(u32(2));
    });
    const improved = keepsMeaning(module);
    expect(occurrences(improved, "packetAt")).toBe(2);
    expect(testSizes(improved)).toEqual([14, 8]);
  });
});

describe("places", () => {
  /** Two branches, each of which asks for bytes at the same offset that the packet tells. */
  const branching = (moves: boolean) =>
    moduleOf((to) => {
      const first = to.load("u32", 1, need(to, 0, 14, 1), 3);
      const offset = to.binary("and", "u32", first, u32(31));
      if (moves) to.effect({ op: "adjustTail", delta: { kind: "constant", type: "i32", value: -1n } });
      const asks = (bytes: number) => (inside: BlockBuilder) => {
        const place = inside.let("packet", { op: "packetAt", offset, max: 31 });
        const fits = inside.let("bool", { op: "packetFits", place, bytes });
        inside.if(fits, () => inside.return(inside.binary("and", "u32", inside.load("u32", 1, place), u32(3))));
      };
      const odd = to.binary("and", "u32", first, u32(1));
      to.if(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: odd, b: u32(0) }), asks(20), asks(8));
      to.return(u32(2));
    });

  test("of several branches are found once, and tested in each", () => {
    const improved = keepsMeaning(branching(false));
    expect(occurrences(improved, "packetAt")).toBe(2);
    expect(testSizes(improved)).toEqual([14, 20, 8]);
  });

  test("stay where they are when the packet moves", () => {
    expect(occurrences(keepsMeaning(branching(true)), "packetAt")).toBe(3);
  });
});

describe("variables", () => {
  test("are read once where ways meet with the same content, and not where they differ", () => {
    const module = moduleOf((to) => {
      const [same, other] = [to.variable("u32", "same"), to.variable("u32", "other")];
      const long = to.let("bool", {
        op: "compare",
        operator: "gt",
        type: "u32",
        a: to.let("u32", { op: "packetLength" }),
        b: u32(40),
      });
      to.if(
        long,
        () => {
          to.set(same, u32(1));
          to.set(other, u32(1));
        },
        () => {
          to.set(same, u32(1));
          to.set(other, u32(2));
        },
      );
      to.return(to.binary("add", "u32", to.get(same), to.get(other)));
    });
    const improved = keepsMeaning(module);
    expect(occurrences(improved, "get")).toBe(1);
    expect(improved.programs[0]?.variables.map(({ name }) => name)).toEqual(["other"]);
  });

  test("that a loop changes are read anew in every turn", () => {
    const module = moduleOf((to) => {
      const [sum, left] = [to.variable("u32", "sum"), to.variable("u32", "left")];
      to.set(left, to.binary("and", "u32", to.let("u32", { op: "packetLength" }), u32(7)));
      to.loop(8, (inside, label) => {
        const now = inside.get(left);
        inside.if(inside.let("bool", { op: "compare", operator: "eq", type: "u32", a: now, b: u32(0) }), () =>
          inside.break(label),
        );
        inside.set(sum, inside.binary("add", "u32", inside.get(sum), now));
        inside.set(left, inside.binary("sub", "u32", now, u32(1)));
      });
      to.return(to.get(sum));
    });
    keepsMeaning(module);
  });

  test("that a callback changes are read anew after it", () => {
    const module = moduleOf((to) => {
      const sum = to.variable("u32", "sum");
      to.set(sum, u32(1));
      const trips = to.binary("and", "u32", to.let("u32", { op: "packetLength" }), u32(3));
      to.repeat(trips, (inside, index) => inside.set(sum, inside.binary("add", "u32", inside.get(sum), index)));
      to.return(to.get(sum));
    });
    keepsMeaning(module);
  });
});

const equals = (to: BlockBuilder, a: Operand, value: number) =>
  to.let("bool", { op: "compare", operator: "eq", type: "u32", a, b: u32(value) });
const not = (to: BlockBuilder, a: Operand) => to.let("bool", { op: "not", a });

describe("choices", () => {
  /** `kind === 6 ? view : null` and `kind === 17 ? view : null`, refused when both are null; inside a loop, or not. */
  function presence(to: BlockBuilder, leave: (inside: BlockBuilder) => void): void {
    const kind = to.binary("and", "u32", to.load("u32", 1, need(to, 0, 14, 1), 3), u32(31));
    const later = placeAt(to, 20);
    const choose = (value: number, bytes: number) => {
      const present = to.variable("bool", "present");
      to.if(
        equals(to, kind, value),
        (inside) => inside.set(present, inside.let("bool", { op: "packetFits", place: later, bytes })),
        (inside) => inside.set(present, bool(false)),
      );
      return to.get(present);
    };
    const [first, second] = [choose(6, 8), choose(17, 4)];
    const neither = to.variable("bool", "and");
    to.if(
      not(to, first),
      (inside) => inside.set(neither, not(inside, second)),
      (inside) => inside.set(neither, bool(false)),
    );
    to.if(to.get(neither), leave);
    to.effect({ op: "log", format: "behind", values: [] });
    to.if(
      first,
      (inside) => inside.return(u32(1)),
      (inside) => inside.if(second, (deep) => deep.return(u32(3))),
    );
    to.return(u32(0));
  }

  test("that one side made are not asked for again, and one that is left tells of the other", () => {
    const improved = keepsMeaning(moduleOf((to) => presence(to, (inside) => inside.return(u32(2)))));
    // One variable tells which of the two it was; that both are absent needs none.
    expect(improved.programs[0]?.variables).toHaveLength(1);
    expect(occurrences(improved, "get")).toBe(1);
    expect(occurrences(improved, "log")).toBe(1);
  });

  test("inside a loop stay as they are", () => {
    const module = moduleOf((to) => {
      to.loop(2, (inside, label) => presence(inside, (deep) => deep.break(label)));
      to.return(u32(2));
    });
    const variables = keepsMeaning(module).programs[0]?.variables;
    expect(variables).toHaveLength(3);
  });

  test("`a || b` leaves at once, and what is behind knows what `b` found out", () => {
    const module = moduleOf((to) => {
      const either = to.variable("bool", "or");
      const place = placeAt(to, 0);
      to.if(
        not(to, to.let("bool", { op: "packetFits", place, bytes: 14 })),
        (inside) => inside.set(either, bool(true)),
        (inside) => inside.set(either, equals(inside, inside.load("u32", 1, place, 3), 7)),
      );
      to.if(to.get(either), (inside) => inside.return(u32(1)));
      to.return(u32(2));
    });
    const improved = keepsMeaning(module);
    expect(improved.programs[0]?.variables).toEqual([]);
    expect(bodyOf(improved).some((statement) => statement.kind === "if" && statement.otherwise.length > 0)).toBe(false);
  });

  test("a value that was compared is known where it was equal", () => {
    const module = moduleOf((to) => {
      const kind = to.load("u32", 1, need(to, 0, 14, 1), 3);
      to.if(equals(to, kind, 6), (inside) =>
        inside.if(equals(inside, kind, 17), (deep) => deep.effect({ op: "log", format: "never", values: [] })),
      );
      to.return(u32(2));
    });
    expect(occurrences(keepsMeaning(module), "log")).toBe(0);
  });

  test("of which more hangs than it is worth stay as they are", () => {
    const module = moduleOf((to) => {
      const either = to.variable("bool", "or");
      const place = placeAt(to, 0);
      to.if(
        not(to, to.let("bool", { op: "packetFits", place, bytes: 14 })),
        (inside) => inside.set(either, bool(true)),
        (inside) => inside.set(either, equals(inside, inside.load("u32", 1, place, 3), 7)),
      );
      to.if(to.get(either), (inside) => {
        for (let i = 0; i < 4; i++) inside.effect({ op: "log", format: "x", values: [] });
      });
      to.return(u32(2));
    });
    expect(occurrences(keepsMeaning(module), "log")).toBe(4);
  });
});

describe("positions", () => {
  /** One tag or none, then a header of a length that the packet tells, then another. */
  const tagged = (moves: boolean) =>
    moduleOf((to) => {
      const first = need(to, 0, 14, 1);
      const position = to.variable("u32", "position");
      to.set(position, u32(14));
      to.if(equals(to, to.load("u32", 2, first, 2, "big"), 0x4a6f), (inside) => {
        need(inside, 14, 4, 1);
        inside.set(position, u32(18));
      });
      if (moves) to.effect({ op: "adjustHead", delta: { kind: "constant", type: "i32", value: 2n } });
      const at = to.get(position);
      const header = to.let("packet", { op: "packetAt", offset: at, max: null });
      to.if(not(to, to.let("bool", { op: "packetFits", place: header, bytes: 4 })), (inside) => inside.return(u32(1)));
      const length = to.binary("and", "u32", to.load("u32", 1, header), u32(31));
      const behind = to.variable("u32", "behind");
      to.if(
        equals(to, length, 3),
        (inside) => inside.set(behind, inside.binary("add", "u32", at, u32(40))),
        (inside) => inside.set(behind, inside.binary("add", "u32", at, length)),
      );
      const place = to.let("packet", { op: "packetAt", offset: to.get(behind), max: null });
      to.if(not(to, to.let("bool", { op: "packetFits", place, bytes: 2 })), (inside) => inside.return(u32(0)));
      to.return(to.binary("and", "u32", to.load("u32", 1, place, 1), u32(3)));
    });

  test("that branches set are followed as places", () => {
    const improved = keepsMeaning(tagged(false));
    // Only the packet's start is found by its number.
    expect(occurrences(improved, "packetAt")).toBe(1);
    expect(improved.programs[0]?.variables.map(({ type }) => type)).toEqual(["packet", "packet"]);
  });

  test("that were set before the packet moved are found by their numbers", () => {
    expect(occurrences(keepsMeaning(tagged(true)), "packetAt")).toBe(3);
  });

  test("that a loop moves are found by their numbers", () => {
    const module = moduleOf((to) => {
      const position = to.variable("u32", "position");
      to.set(position, u32(14));
      to.loop(80, (inside, label) => {
        const at = inside.get(position);
        const place = inside.let("packet", { op: "packetAt", offset: at, max: null });
        const fits = inside.let("bool", { op: "packetFits", place, bytes: 2 });
        inside.if(not(inside, fits), (deep) => deep.break(label));
        const step = inside.binary(
          "or",
          "u32",
          inside.binary("and", "u32", inside.load("u32", 1, place), u32(7)),
          u32(1),
        );
        inside.set(position, inside.binary("add", "u32", at, step));
      });
      to.return(to.binary("and", "u32", to.get(position), u32(3)));
    });
    expect(occurrences(keepsMeaning(module), "packetAt")).toBe(1);
    expect(occurrences(improve(module), "advance")).toBe(0);
  });
});

describe("fields of the packet in variables", () => {
  const kept = (value: number, use: (to: BlockBuilder, type: Operand) => void) =>
    moduleOf((to) => {
      const first = need(to, 0, 14, 1);
      const type = to.variable("u32", "type");
      to.set(type, to.load("u32", 2, first, 2, "big"));
      to.if(equals(to, to.load("u32", 1, first, 1), 37), (inside) => inside.set(type, u32(value)));
      use(to, to.get(type));
      to.return(u32(2));
    });
  const orders = (module: Module): string[] => {
    const found: string[] = [];
    walk(bodyOf(module), (statement) => {
      if (statement.kind === "let" && statement.op.op === "load" && statement.op.bytes === 2)
        found.push(statement.op.order);
    });
    return found;
  };

  test("are compared as they lie in memory", () => {
    const module = kept(0x0800, (to, type) => {
      to.if(equals(to, type, 0x0800), (inside) => inside.return(u32(3)));
      to.switch("u32", type, [[[0x4a6fn, 0x4b70n], (inside) => inside.return(u32(0))]], () => undefined);
    });
    expect(orders(keepsMeaning(module))).toEqual(["little"]);
  });

  test("stay numbers where anything else is done with them, or a constant is none of theirs", () => {
    const added = kept(0x0800, (to, type) =>
      to.if(equals(to, to.binary("add", "u32", type, u32(1)), 0x0801), (inside) => inside.return(u32(3))),
    );
    expect(orders(keepsMeaning(added))).toEqual(["big"]);
    const wide = kept(0x1_0800, (to, type) => to.if(equals(to, type, 0x1_0800), (inside) => inside.return(u32(3))));
    expect(orders(keepsMeaning(wide))).toEqual(["big"]);
  });
});

describe("dead statements", () => {
  test("go with all that only they needed", () => {
    const module = moduleOf((to) => {
      const unread = to.variable("u32", "unread");
      to.set(unread, to.binary("add", "u32", to.let("u32", { op: "packetLength" }), u32(1)));
      to.return(u32(2));
      to.return(u32(1));
    });
    const [program] = improve(module).programs;
    expect(program?.body.map(({ kind }) => kind)).toEqual(["return"]);
    expect(program?.variables).toEqual([]);
  });

  test("what has an effect stays, used or not", () => {
    const module = moduleOf((to) => {
      to.let("u32", { op: "random" });
      to.effect({ op: "log", format: "x", values: [] });
      to.return(u32(2));
    });
    expect(improve(module)).toEqual(module);
  });

  test("a branch whose condition is known is the block it takes", () => {
    const module = moduleOf((to) => {
      to.if(
        to.let("bool", { op: "not", a: bool(false) }),
        () => to.return(u32(2)),
        () => to.return(u32(1)),
      );
    });
    const [program] = module.programs.map(useKnown).map(removeDead);
    expect(program?.body.map(({ kind }) => kind)).toEqual(["return"]);
  });
});
