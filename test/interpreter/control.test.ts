import { describe, expect, test } from "vitest";
import { createMachine, InterpreterFault } from "../../compiler/interpreter/index.ts";
import type { Module } from "../../compiler/ir/ir.ts";
import { type BlockBuilder, bool, bytes, i32, ModuleBuilder, moduleOf, nothing, u32, u64 } from "../kit/ir.ts";

const NO_PACKET = new Uint8Array(0);
const result = (module: Module): number => createMachine(module).run("main", NO_PACKET).action;
const returned = (body: (to: BlockBuilder, module: ModuleBuilder) => void): number => result(moduleOf(body));

/** A u32 variable with the statements one does to it. */
function counter(to: BlockBuilder) {
  const variable = to.variable("u32", "count");
  return {
    add: (by: number) => to.set(variable, to.binary("add", "u32", to.get(variable), u32(by))),
    get: () => to.get(variable),
  };
}

describe("branches", () => {
  test.each([
    [true, 1],
    [false, 2],
  ] as const)("if %s", (condition, want) => {
    expect(
      returned((to) => {
        to.if(
          bool(condition),
          () => to.return(u32(1)),
          () => to.return(u32(2)),
        );
      }),
    ).toBe(want);
  });

  test("a switch takes one case, never the next", () => {
    const choose = (value: number) =>
      returned((to) => {
        const count = counter(to);
        to.switch(
          "u32",
          u32(value),
          [
            [[1, 2], () => count.add(10)],
            [[3], () => count.add(20)],
          ],
          () => count.add(30),
        );
        to.return(count.get());
      });
    expect([0, 1, 2, 3, 4].map(choose)).toEqual([30, 10, 10, 20, 30]);
  });

  test.each([
    ["i32", i32(-5), -5n],
    ["u64", u64(2n ** 63n), 2n ** 63n],
    ["bool", bool(true), 1n],
  ] as const)("a switch over %s compares values", (type, value, wanted) => {
    expect(
      returned((to) => {
        to.switch(type, value, [[[wanted], () => to.return(u32(1))]], () => to.return(u32(2)));
        to.return(u32(3));
      }),
    ).toBe(1);
  });
});

describe("loops", () => {
  test("break leaves, continue begins again, at the labels they name", () => {
    expect(
      returned((to) => {
        const [outer, inner] = [counter(to), counter(to)];
        to.loop(10, (_to, outerLabel) => {
          outer.add(1);
          to.if(to.let("bool", { op: "compare", operator: "gt", type: "u32", a: outer.get(), b: u32(3) }), () =>
            to.break(outerLabel),
          );
          to.loop(10, () => {
            inner.add(1);
            to.continue(outerLabel);
          });
          inner.add(100);
        });
        to.return(to.binary("add", "u32", to.binary("mul", "u32", outer.get(), u32(1000)), inner.get()));
      }),
    ).toBe(4003);
  });

  test("a break inside a switch leaves the loop around it", () => {
    expect(
      returned((to) => {
        const count = counter(to);
        to.loop(10, (_to, label) => {
          count.add(1);
          to.switch("u32", count.get(), [[[4], () => to.break(label)]], () => undefined);
        });
        to.return(count.get());
      }),
    ).toBe(4);
  });

  test("break of a block goes on behind it", () => {
    expect(
      returned((to) => {
        const count = counter(to);
        to.block((_to, label) => {
          count.add(1);
          to.if(bool(true), () => to.break(label));
          count.add(10);
        });
        count.add(100);
        to.return(count.get());
      }),
    ).toBe(101);
  });

  test("a loop that runs more than its proven trips is a fault", () => {
    const looping = (trips: number, bound: number) =>
      returned((to) => {
        const count = counter(to);
        to.loop(bound, (_to, label) => {
          const done = to.let("bool", { op: "compare", operator: "eq", type: "u32", a: count.get(), b: u32(trips) });
          to.if(done, () => to.break(label));
          count.add(1);
        });
        to.return(count.get());
      });
    expect([looping(0, 3), looping(3, 3)]).toEqual([0, 3]);
    expect(() => looping(4, 3)).toThrow(InterpreterFault);
  });

  test.each([
    [0, 0],
    [5, 10],
    [100, 21],
  ] as const)("repeat %i counts from 0 until break", (trips, want) => {
    expect(
      returned((to) => {
        const count = counter(to);
        const total = to.variable("u32");
        to.repeat(u32(trips), (_to, index, label) => {
          to.if(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: index, b: u32(7) }), () =>
            to.break(label),
          );
          to.set(total, to.binary("add", "u32", to.get(total), index));
          to.if(to.let("bool", { op: "compare", operator: "lt", type: "u32", a: index, b: u32(2) }), () =>
            to.continue(label),
          );
          count.add(1);
        });
        to.return(to.get(total));
      }),
    ).toBe(want);
  });

  test("bpf_loop refuses more than 2^23 and runs nothing", () => {
    expect(
      returned((to) => {
        const count = counter(to);
        to.repeat(u32(2 ** 23 + 1), () => count.add(1));
        to.return(count.get());
      }),
    ).toBe(0);
  });
});

describe("variables", () => {
  test("start at zero on every call, and a read keeps its value over later writes", () => {
    const module = moduleOf((to) => {
      const variable = to.variable("u32");
      const before = to.get(variable);
      to.set(variable, u32(7));
      to.return(to.binary("add", "u32", to.binary("mul", "u32", before, u32(10)), to.get(variable)));
    });
    const machine = createMachine(module);
    expect([0, 1].map(() => machine.run("main", NO_PACKET).action)).toEqual([7, 7]);
  });

  test.each(["pointer", "packet", "map"] as const)("of type %s start null", (type) => {
    expect(
      returned((to) => {
        const isNull = to.let("bool", { op: "isNull", a: to.get(to.variable(type)) });
        to.if(isNull, () => to.return(u32(1)));
        to.return(u32(2));
      }),
    ).toBe(1);
  });

  test("pointers keep where they point, through variables and select", () => {
    expect(
      returned((to) => {
        const slot = to.slot({
          kind: "array",
          of: { kind: "scalar", type: "u8", size: 1, align: 1, order: "little" },
          length: 8,
          size: 8,
          align: 1,
        });
        to.zero(slot, 0, 8);
        to.store(u32(42), 1, slot, 5);
        const variable = to.variable("pointer");
        to.set(variable, to.let("pointer", { op: "offset", type: "pointer", a: slot, bytes: 3 }));
        const chosen = to.let("pointer", {
          op: "select",
          type: "pointer",
          condition: bool(true),
          a: to.get(variable),
          b: nothing("pointer"),
        });
        to.return(to.load("u32", 1, chosen, 2));
      }),
    ).toBe(42);
  });
});

describe("calls", () => {
  test("pass and give values and pointers", () => {
    const module = new ModuleBuilder("calls");
    const increment = module.function("increment", ["pointer", "u32"], null, (to, [place, by]) => {
      to.store(to.binary("add", "u32", to.load("u32", 4, place as never), by as never), 4, place as never);
      to.return(null);
    });
    const second = module.function("second", ["pointer"], "pointer", (to, [place]) => {
      to.return(to.let("pointer", { op: "offset", type: "pointer", a: place as never, bytes: 4 }));
    });
    const data = module.global("data", bytes(8), new Uint8Array(new Uint32Array([1, 40]).buffer));
    module.program("main", (to) => {
      const place = to.let("pointer", { op: "global", global: data });
      const found = to.let("pointer", { op: "call", function: second, values: [place], type: "pointer" });
      to.effect({ op: "call", function: increment, values: [found, u32(2)], type: null });
      to.return(to.load("u32", 4, found));
    });
    const machine = createMachine(module.build());
    expect(machine.run("main", NO_PACKET).action).toBe(42);
    expect([...new Uint32Array(machine.globals.get("data").slice().buffer)]).toEqual([1, 42]);
  });

  test("give places in the packet", () => {
    const module = new ModuleBuilder("calls");
    const after = module.function("after", ["packet"], "packet", (to, [place]) => {
      to.return(to.let("packet", { op: "offset", type: "packet", a: place as never, bytes: 2 }));
    });
    module.program("main", (to) => {
      const start = to.let("packet", { op: "packetAt", offset: u32(1), max: 1 });
      const place = to.let("packet", { op: "call", function: after, values: [start], type: "packet" });
      to.return(to.load("u32", 1, place));
    });
    expect(createMachine(module.build()).run("main", Uint8Array.of(9, 8, 7, 6)).action).toBe(6);
  });
});

test("names from the source cannot collide with JavaScript's or each other's", () => {
  expect(
    returned((to) => {
      const a = to.let("u32", { op: "binary", operator: "add", type: "u32", a: u32(1), b: u32(1) }, "var");
      const b = to.let("u32", { op: "binary", operator: "add", type: "u32", a, b: a }, "var");
      to.return(to.let("u32", { op: "binary", operator: "add", type: "u32", a, b }, "a-b c'\"`"));
    }),
  ).toBe(6);
});
