/** The passes: what they take away, what they must leave, and that the meaning stays. */
import { describe, expect, test } from "vitest";
import { createMachine } from "../../compiler/interpreter/index.ts";
import type { Block, Module } from "../../compiler/ir/ir.ts";
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
