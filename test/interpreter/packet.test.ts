import { describe, expect, test } from "vitest";
import { createMachine, Frame, InterpreterFault, type Machine } from "../../compiler/interpreter/index.ts";
import type { Operand } from "../../compiler/ir/ir.ts";
import {
  type BlockBuilder,
  bytes,
  i32,
  i64,
  ModuleBuilder,
  malformedOf,
  moduleOf,
  scalar,
  u32,
  u64,
} from "../kit/ir.ts";

const packetOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i + 1) & 0xff);
const faultyOf = (body: (to: BlockBuilder, module: ModuleBuilder) => void): Machine => createMachine(malformedOf(body));
const machineOf = (body: (to: BlockBuilder, module: ModuleBuilder) => void): Machine => createMachine(moduleOf(body));

describe("bounds", () => {
  const reads = (length: number) =>
    machineOf((to) => {
      const place = to.let("packet", { op: "packetAt", offset: u32(12), max: 12 });
      to.if(to.let("bool", { op: "packetFits", place, bytes: 2 }), () => to.return(to.load("u32", 2, place, 0, "big")));
      to.return(u32(0));
    }).run("main", packetOf(length)).action;

  test("an access fits when its last byte is in the packet, and not one byte sooner", () => {
    expect([0, 1, 12, 13, 14, 60].map(reads)).toEqual([0, 0, 0, 0, 0x0d0e, 0x0d0e]);
  });

  test("places past 16 383 never fit, whatever the arithmetic says", () => {
    const fits = (offset: number) =>
      machineOf((to) => {
        const place = to.let("packet", { op: "packetAt", offset: u32(offset), max: null });
        to.return(
          to.let("u32", {
            op: "convert",
            from: "bool",
            to: "u32",
            a: to.let("bool", { op: "packetFits", place, bytes: 0 }),
          }),
        );
      }).run("main", packetOf(100)).action;
    expect([0, 100, 101, 16_383, 0xffff_ffff].map(fits)).toEqual([1, 1, 0, 0, 0]);
  });

  test.each(["load", "store", "copy", "zero"])(
    "a %s that no check covers is a fault that names the author's line",
    (what) => {
      const machine = faultyOf((to) => {
        const place = to.let("packet", { op: "packetAt", offset: u32(3), max: 3 });
        const slot = to.slot(bytes(4));
        if (what === "load") to.load("u32", 4, place);
        if (what === "store") to.store(u32(1), 4, place);
        if (what === "copy") to.copy(slot, place, 4);
        if (what === "zero") to.zero(place, 0, 4);
        to.return(u32(0));
      });
      expect(machine.run("main", packetOf(7)).action).toBe(0);
      expect(() => machine.run("main", packetOf(6))).toThrow(InterpreterFault);
      expect(() => machine.run("main", packetOf(6))).toThrow(
        /^test\.ts:4:3: 4 bytes at offset 3 are outside the packet of 6 bytes/,
      );
    },
  );

  test("what an earlier, longer packet left behind is out of reach", () => {
    const machine = faultyOf((to) => {
      const place = to.let("packet", { op: "packetAt", offset: u32(0), max: 0 });
      to.return(to.load("u32", 4, place));
    });
    machine.run("main", packetOf(60));
    expect(() => machine.run("main", new Uint8Array(0))).toThrow(InterpreterFault);
  });

  test("elements of the packet", () => {
    const machine = faultyOf((to) => {
      const place = to.let("packet", { op: "packetAt", offset: u32(2), max: 2 });
      const index = to.load("u32", 1, to.let("packet", { op: "packetAt", offset: u32(0), max: 0 }));
      const element = to.let("packet", { op: "element", type: "packet", a: place, index, stride: 2, count: 3 });
      to.return(to.load("u32", 2, element, 0, "big"));
    });
    expect(machine.run("main", Uint8Array.of(2, 0, 1, 1, 2, 2, 3, 3)).action).toBe(0x0303);
    expect(() => machine.run("main", Uint8Array.of(3, 0, 1, 1, 2, 2, 3, 3))).toThrow(InterpreterFault);
  });

  test("a packet longer than a frame is refused", () => {
    const machine = machineOf((to) => to.return(to.let("u32", { op: "packetLength" })));
    expect(machine.run("main", packetOf(Frame.longest())).action).toBe(3520);
    expect(() => machine.run("main", packetOf(3521))).toThrow(RangeError);
  });
});

/** Runs one adjustment; the action is 1 where it was refused. */
function adjusted(op: "adjustHead" | "adjustTail", delta: number, length: number, headroom?: number) {
  const machine = machineOf((to) => {
    const result = to.let("i64", { op, delta: i32(delta) });
    to.return(
      to.let("u32", {
        op: "convert",
        from: "bool",
        to: "u32",
        a: to.let("bool", { op: "compare", operator: "ne", type: "i64", a: result, b: i64(0) }),
      }),
    );
  });
  return machine.run("main", packetOf(length), headroom === undefined ? {} : { headroom });
}

describe("adjustments", () => {
  test("the head grows to 40 bytes from the frame's start", () => {
    expect(adjusted("adjustHead", -216, 60)).toMatchObject({ action: 0, packet: { length: 276 } });
    expect(adjusted("adjustHead", -217, 60)).toMatchObject({ action: 1, packet: { length: 60 } });
    expect(adjusted("adjustHead", -1, 60, 40)).toMatchObject({ action: 1 });
  });

  test("neither end leaves less than an Ethernet header", () => {
    expect(adjusted("adjustHead", 46, 60).packet).toEqual(packetOf(60).slice(46));
    expect(adjusted("adjustHead", 47, 60).action).toBe(1);
    expect(adjusted("adjustTail", -46, 60).packet).toEqual(packetOf(14));
    expect(adjusted("adjustTail", -47, 60).action).toBe(1);
    expect(adjusted("adjustHead", 0, 13).action).toBe(1);
  });

  test("the tail grows with zeros, up to the shared info", () => {
    const machine = machineOf((to) => {
      to.effect({ op: "adjustTail", delta: i32(-20) });
      to.return(
        to.let("u32", {
          op: "convert",
          from: "i64",
          to: "u32",
          a: to.let("i64", { op: "adjustTail", delta: i32(22) }),
        }),
      );
    });
    const expected = new Uint8Array(62);
    expected.set(packetOf(40));
    expect(machine.run("main", packetOf(60))).toMatchObject({ action: 0, packet: expected });
    expect(adjusted("adjustTail", 3460, 60)).toMatchObject({ action: 0, packet: { length: 3520 } });
    expect(adjusted("adjustTail", 3461, 60)).toMatchObject({ action: 1, packet: { length: 60 } });
  });

  test("a delta counts as a C int, also where it is a u32", () => {
    const growing = (delta: (to: BlockBuilder) => Operand) =>
      machineOf((to) => {
        to.effect({ op: "adjustHead", delta: delta(to) });
        to.return(u32(0));
      }).run("main", packetOf(60)).packet.length;
    expect(growing(() => u32(2 ** 32 - 20))).toBe(80);
    expect(growing((to) => to.binary("sub", "u32", to.let("u32", { op: "packetLength" }), u32(80)))).toBe(80);
  });
});

describe("bpf_xdp_load_bytes and store_bytes", () => {
  const access = (op: "packetRead" | "packetWrite", offset: number) =>
    machineOf((to) => {
      const slot = to.slot(bytes(8));
      to.store(u64(0x5555_5555_5555_5555n), 8, slot);
      const result = to.let(
        "i64",
        op === "packetRead"
          ? { op, offset: u32(offset), to: slot, bytes: 8 }
          : { op, offset: u32(offset), from: slot, bytes: 8 },
      );
      to.if(to.let("bool", { op: "compare", operator: "ne", type: "i64", a: result, b: i64(0) }), () => {
        to.return(to.let("u32", { op: "convert", from: "i64", to: "u32", a: to.binary("sub", "i64", i64(0), result) }));
      });
      to.return(to.load("u32", 1, slot));
    }).run("main", packetOf(60));

  test("copy, and refuse what lies outside as the kernel does", () => {
    expect(access("packetRead", 52).action).toBe(53);
    expect([53, 0xffff, 0x10000, 0xffff_ffff].map((offset) => access("packetRead", offset).action)).toEqual([
      22, 22, 14, 14,
    ]);
    expect(access("packetWrite", 52).packet).toEqual(packetOf(60).fill(0x55, 52));
    expect(access("packetWrite", 53)).toMatchObject({ action: 22, packet: packetOf(60) });
  });
});

test("the context says where the packet came from; defaults are those of a test run", () => {
  const field = (name: "ingressInterface" | "queue" | "egressInterface") =>
    machineOf((to) => to.return(to.let("u32", { op: "context", field: name })));
  const names = ["ingressInterface", "queue", "egressInterface"] as const;
  expect(names.map((name) => field(name).run("main", packetOf(14)).action)).toEqual([1, 0, 0]);
  const context = { ingressInterface: 7, queue: 8, egressInterface: 9 };
  expect(names.map((name) => field(name).run("main", packetOf(14), context).action)).toEqual([7, 8, 9]);
});

test("map keys may lie in the packet, within its bounds", () => {
  const module = new ModuleBuilder("keys");
  const map = module.map({ name: "ports", kind: "hash", key: scalar("u32"), value: scalar("u32"), maxEntries: 4 });
  module.program("main", (to) => {
    const key = to.let("packet", { op: "packetAt", offset: u32(2), max: 2 });
    const found = to.let("pointer", { op: "mapLookup", map: { kind: "static", map }, key });
    to.if(to.let("bool", { op: "isNull", a: found }), () => to.return(u32(0)));
    to.return(to.load("u32", 4, found));
  });
  const machine = createMachine(module.buildUnchecked());
  machine.maps.ports?.update(Uint8Array.of(3, 4, 5, 6), Uint8Array.of(9, 0, 0, 0));
  expect(machine.run("main", packetOf(6)).action).toBe(9);
  expect(() => machine.run("main", packetOf(5))).toThrow(InterpreterFault);
});
