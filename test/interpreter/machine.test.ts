import { describe, expect, test } from "vitest";
import { createMachine, generate, type Machine } from "../../compiler/interpreter/index.ts";
import type { Module } from "../../compiler/ir/ir.ts";
import { bytes, ModuleBuilder, moduleOf, scalar, staticMap, u32, u64 } from "../kit/ir.ts";

const NO_PACKET = new Uint8Array(0);

/** "first" marks the packet and jumps through slot 0; "second" marks it too. Both return their own number. */
function chained(): Module {
  const module = new ModuleBuilder("chained");
  const jumps = module.map({
    name: "jumps",
    kind: "progArray",
    key: scalar("u32"),
    value: scalar("u32"),
    maxEntries: 2,
  });
  for (const [i, name] of ["first", "second"].entries()) {
    module.program(name, (to) => {
      const place = to.let("packet", { op: "packetAt", offset: u32(i), max: i });
      to.if(to.let("bool", { op: "packetFits", place, bytes: 1 }), () => to.store(u32(0xa0 + i), 1, place));
      if (i === 0) to.effect({ op: "tailCall", map: staticMap(jumps), index: u32(0) });
      to.return(u32(i + 1));
    });
  }
  return module.build();
}

describe("tail calls", () => {
  const slot = new Uint8Array(4);
  test("fall through an empty slot, and do not return from a full one", () => {
    const machine = createMachine(chained());
    expect(machine.run("first", new Uint8Array(2))).toMatchObject({
      action: 1,
      tailCalls: 0,
      packet: Uint8Array.of(0xa0, 0),
    });
    expect(machine.maps.jumps?.insert(slot, machine.programs.second as never)).toBe(0);
    expect(machine.run("first", new Uint8Array(2))).toMatchObject({
      action: 2,
      tailCalls: 1,
      packet: Uint8Array.of(0xa0, 0xa1),
    });
    expect([machine.maps.jumps?.delete(slot), machine.maps.jumps?.delete(slot)]).toEqual([0, -2]);
    expect(machine.run("first", new Uint8Array(2)).action).toBe(1);
  });

  test("go to programs of other modules on the same node, on the same packet", () => {
    const machine = createMachine(chained());
    const other = createMachine(chained(), { beside: machine });
    machine.maps.jumps?.insert(slot, other.programs.second as never);
    expect(machine.run("first", new Uint8Array(2))).toMatchObject({ action: 2, packet: Uint8Array.of(0xa0, 0xa1) });
  });

  test("tables refuse maps, and slots they do not have", () => {
    const machine = createMachine(chained());
    const { jumps } = machine.maps;
    expect(jumps?.insert(slot, jumps)).toBe(-22);
    expect(jumps?.insert(Uint8Array.of(2, 0, 0, 0), machine.programs.second as never)).toBe(-7);
    expect(jumps?.lookup(slot)).toBeNull();
  });
});

describe("the injected world", () => {
  const returning = (
    op: Parameters<Parameters<Parameters<typeof moduleOf>[0]>[0]["let"]>[1],
    type: "u32" | "u64" | "i64",
  ): Module =>
    moduleOf((to) => {
      const value = to.let(type, op);
      to.return(type === "u32" ? value : to.let("u32", { op: "convert", from: type, to: "u32", a: value }));
    });
  const clock = (name: "monotonic" | "coarse" | "boot" | "jiffies") => returning({ op: "time", clock: name }, "u64");

  test("one time serves every clock, or each has its own", () => {
    const now = () => 2_000_000_000n;
    expect(createMachine(clock("boot"), { now }).run("main", NO_PACKET).action).toBe(2_000_000_000);
    expect(createMachine(clock("jiffies"), { now }).run("main", NO_PACKET).action).toBe(500);
    const times = () => ({ monotonic: 1n, coarse: 2n, boot: 3n, jiffies: 4n });
    const read = (["monotonic", "coarse", "boot", "jiffies"] as const).map(
      (name) => createMachine(clock(name), { now: times }).run("main", NO_PACKET).action,
    );
    expect(read).toEqual([1, 2, 3, 4]);
  });

  test("the same seed gives the same numbers; a generator gives its own", () => {
    const module = returning({ op: "random" }, "u32");
    const draw = (machine: Machine) => Array.from({ length: 5 }, () => machine.run("main", NO_PACKET).action);
    const first = draw(createMachine(module, { random: 7 }));
    expect(draw(createMachine(module, { random: 7 }))).toEqual(first);
    expect(draw(createMachine(module, { random: 8 }))).not.toEqual(first);
    expect(new Set(first).size).toBe(5);
    expect(draw(createMachine(module, { random: () => 3 }))).toEqual([3, 3, 3, 3, 3]);
  });

  test("routes come from the injected look-up, which fills in the parameters", () => {
    const module = moduleOf((to) => {
      const parameters = to.slot(bytes(64));
      to.zero(parameters, 0, 64);
      to.store(u32(2), 1, parameters);
      const result = to.let("i64", { op: "fibLookup", parameters, flags: u32(1) });
      const code = to.let("u32", { op: "convert", from: "i64", to: "u32", a: result });
      to.return(to.binary("add", "u32", to.binary("mul", "u32", code, u32(1000)), to.load("u32", 1, parameters, 63)));
    });
    expect(createMachine(module).run("main", NO_PACKET).action).toBe(4000);
    const seen: number[] = [];
    const fib = (parameters: Uint8Array, flags: number) => {
      seen.push(parameters[0] as number, parameters.length, flags);
      parameters[63] = 5;
      return 0;
    };
    expect(createMachine(module, { fib }).run("main", NO_PACKET).action).toBe(5);
    expect(seen).toEqual([2, 64, 1]);
  });

  test("an error in an injected function comes out as it is", () => {
    const now = () => {
      throw new Error("no clock");
    };
    expect(() => createMachine(clock("boot"), { now }).run("main", NO_PACKET)).toThrow(/^no clock$/);
  });

  test("log lines are formatted as the trace pipe shows them, per run", () => {
    const module = moduleOf((to) => {
      to.effect({
        op: "log",
        format: "%d %u %x %llx %lld 100%%",
        values: [u32(0xffff_ffff), u32(0xffff_ffff), u32(255)],
      });
      to.effect({ op: "log", format: "%lld|%5d|%04x", values: [u64(2n ** 64n - 1n), u32(42), u32(171)] });
      to.return(u32(0));
    });
    const machine = createMachine(module);
    machine.run("main", NO_PACKET);
    expect(machine.run("main", NO_PACKET).log).toEqual(["-1 4294967295 ff 0 0 100%", "-1|   42|00ab"]);
  });
});

describe("machines", () => {
  const counting = (): Module => {
    const module = new ModuleBuilder("counting");
    module.map({ name: "count", kind: "array", key: scalar("u32"), value: scalar("u64"), maxEntries: 1 });
    const step = module.global("step", scalar("u64"), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), true);
    module.program("main", (to) => {
      const key = to.slot(bytes(4));
      to.zero(key, 0, 4);
      const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
      const by = to.load("u64", 8, to.let("pointer", { op: "global", global: step }));
      to.effect({
        op: "atomic",
        operator: "add",
        type: "u64",
        place: found,
        offset: 0,
        value: by,
        expected: null,
        resultUsed: false,
      });
      to.return(u32(2));
    });
    return module.build();
  };
  const count = (machine: Machine) => machine.maps.count?.lookup(new Uint8Array(4))?.[0];

  test("of one module share nothing but code", () => {
    const module = counting();
    const [one, two] = [createMachine(module), createMachine(module)];
    one.run("main", NO_PACKET);
    one.run("main", NO_PACKET);
    two.run("main", NO_PACKET);
    expect([count(one), count(two)]).toEqual([2, 1]);
  });

  test("constants may be patched; the module stays as it was", () => {
    const module = counting();
    const machine = createMachine(module);
    expect(machine.globals.names).toEqual(["step"]);
    machine.globals.set("step", Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0));
    machine.run("main", NO_PACKET);
    expect(count(machine)).toBe(5);
    expect(createMachine(module).globals.get("step")[0]).toBe(1);
    expect(() => machine.globals.set("step", Uint8Array.of(1))).toThrow(RangeError);
    expect(() => machine.globals.get("stride")).toThrow(/no global 'stride'/);
  });

  test("beside each other share the maps they are told to", () => {
    const module = counting();
    const one = createMachine(module);
    const two = createMachine(module, { beside: one, share: { count: one.maps.count as never } });
    one.run("main", NO_PACKET);
    two.run("main", NO_PACKET);
    expect([count(one), count(two)]).toEqual([2, 2]);
    expect(() => createMachine(module, { share: { count: one.maps.count as never } })).toThrow(
      /belongs to another node/,
    );
  });

  test("do not share maps of another shape", () => {
    const one = createMachine(counting());
    const module = new ModuleBuilder("other");
    module.map({ name: "count", kind: "array", key: scalar("u32"), value: scalar("u32"), maxEntries: 1 });
    expect(() => createMachine(module.build(), { beside: one, share: one.maps })).toThrow(/another shape/);
  });

  test("name a program they do not have", () => {
    expect(() => createMachine(counting()).run("mian", NO_PACKET)).toThrow(/no program 'mian' in counting/);
  });

  test("are generated to the same text every time", () => {
    expect(generate(counting())).toEqual(generate(counting()));
  });
});
