import { describe, expect, test } from "vitest";
import { emitObject } from "../../compiler/backend/index.ts";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import {
  createMachine,
  type InterpretedMap,
  InterpreterFault,
  type Machine,
} from "../../compiler/interpreter/index.ts";
import { load, testRun } from "../../runtime/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { writeRing } from "../../runtime/loader/user-ring-buffer.ts";
import { type BlockBuilder, bytes, ModuleBuilder, staticMap, u32, u64 } from "../kit/ir.ts";

const NO_PACKET = new Uint8Array(0);

function ring(body: (to: BlockBuilder) => void): { machine: Machine; map: InterpretedMap; run: () => number } {
  const module = new ModuleBuilder("rings");
  module.map({ name: "events", kind: "ringBuffer", maxEntries: 4096 });
  module.program("main", (to) => {
    body(to);
    to.return(u32(0));
  });
  const machine = createMachine(module.build());
  return { machine, map: machine.maps.events as InterpretedMap, run: () => machine.run("main", NO_PACKET).action };
}

/** Reserves a record, and returns 1 when there is none. */
function reserve(to: BlockBuilder, size: number) {
  const record = to.let("pointer", { op: "ringReserve", map: staticMap(0), bytes: size });
  to.if(to.let("bool", { op: "isNull", a: record }), () => to.return(u32(1)));
  return record;
}

describe("ring buffers", () => {
  test("give records in the order of reservation, without those discarded", () => {
    const { map, run } = ring((to) => {
      const [first, second, third] = [reserve(to, 4), reserve(to, 2), reserve(to, 1)];
      for (const [i, record] of [first, second, third].entries()) to.store(u32(10 + i), 1, record);
      to.zero(first, 1, 3);
      to.zero(second, 1, 1);
      to.effect({ op: "ringSubmit", record: third, flags: u64(0) });
      to.effect({ op: "ringDiscard", record: second, flags: u64(0) });
      to.effect({ op: "ringSubmit", record: first, flags: u64(0) });
    });
    run();
    expect(map.records()).toEqual([Uint8Array.of(10, 0, 0, 0), Uint8Array.of(12)]);
    expect(map.records()).toEqual([]);
  });

  test("are full one record short of their size, until user space has read", () => {
    const { map, run } = ring((to) => {
      const record = reserve(to, 1016);
      to.effect({ op: "ringSubmit", record, flags: u64(0) });
    });
    expect([run(), run(), run(), run()]).toEqual([0, 0, 0, 1]);
    expect(map.records().length).toBe(3);
    expect([run(), run(), run(), run()]).toEqual([0, 0, 0, 1]);
  });

  test("a discarded record keeps its room until user space has passed it", () => {
    const { map, run } = ring((to) => {
      const record = reserve(to, 2000);
      to.effect({ op: "ringDiscard", record, flags: u64(0) });
    });
    expect([run(), run(), run()]).toEqual([0, 0, 1]);
    expect(map.records()).toEqual([]);
    expect(run()).toBe(0);
  });

  test("writing beyond a record, keeping one, and handing one on twice are faults", () => {
    expect(ring((to) => to.store(u64(1), 8, reserve(to, 7))).run).toThrow(InterpreterFault);
    expect(ring((to) => void reserve(to, 8)).run).toThrow(/neither submitted nor discarded/);
    expect(
      ring((to) => {
        const record = reserve(to, 8);
        to.effect({ op: "ringSubmit", record, flags: u64(0) });
        to.effect({ op: "ringSubmit", record, flags: u64(0) });
      }).run,
    ).toThrow(InterpreterFault);
  });
});

describe("user ring buffers", () => {
  /** Sums the records, stops after one that is 9, and returns sum * 16 + number drained. */
  function summing() {
    const module = new ModuleBuilder("drain");
    const map = module.map({ name: "commands", kind: "userRingBuffer", maxEntries: 4096 });
    module.program("main", (to) => {
      const sum = to.variable("u32");
      const slot = to.reserve(bytes(4));
      const drained = to.drain(staticMap(map), slot, (_to, label) => {
        const value = to.load("u32", 4, to.slotAt(slot));
        to.set(sum, to.binary("add", "u32", to.get(sum), value));
        to.if(to.let("bool", { op: "compare", operator: "eq", type: "u32", a: value, b: u32(9) }), () =>
          to.break(label),
        );
      });
      const count = to.let("u32", { op: "convert", from: "i64", to: "u32", a: drained });
      to.return(to.binary("add", "u32", to.binary("mul", "u32", to.get(sum), u32(16)), count));
    });
    return module.build();
  }

  function draining() {
    const machine = createMachine(summing());
    return {
      commands: machine.maps.commands as InterpretedMap,
      run: () => machine.run("main", NO_PACKET).action,
    };
  }

  test("are drained in order until the body stops; the record it stopped at counts", () => {
    const { commands, run } = draining();
    for (const value of [1, 9, 5]) expect(commands.produce(Uint8Array.of(value, 0, 0, 0))).toBe(0);
    expect(run()).toBe(10 * 16 + 2);
    expect(run()).toBe(5 * 16 + 1);
    expect(run()).toBe(0);
  });

  test("of a longer record the start is seen, a shorter one reads as zeros", () => {
    const { commands, run } = draining();
    commands.produce(Uint8Array.of(3, 0, 0, 0, 7, 7));
    expect(run()).toBe(3 * 16 + 1);
    commands.produce(Uint8Array.of(3, 0, 0));
    expect(run()).toBe(1);
  });

  test("refuse records when full", () => {
    const { commands, run } = draining();
    for (let i = 0; i < 4; i++) expect(commands.produce(new Uint8Array(1016))).toBe(0);
    expect(commands.produce(new Uint8Array(1))).toBe(-28);
    expect(commands.produce(new Uint8Array(5000))).toBe(-7);
    run();
    expect(commands.produce(new Uint8Array(1))).toBe(0);
  });

  const lacking = process.platform === "linux" ? missingCapabilities().join(", ") : "Linux";
  test.skipIf(lacking !== "")(
    `in the kernel do the same${lacking === "" ? "" : ` (skipped: lacks ${lacking})`}`,
    async () => {
      const emitted = await emitObject(summing(), { irBuilder: "text" });
      if (!emitted.ok) throw new ZetaError(emitted.problems);
      using loaded = await load(emitted.code.object);
      const writer = writeRing(loaded.map("commands"));
      const { commands, run } = draining();
      try {
        for (const records of [
          [
            [1, 0, 0, 0],
            [9, 0, 0, 0],
            [5, 0, 0, 0],
          ],
          [],
          [[3, 0, 0, 0, 7, 7]],
          [
            [2, 0, 0, 0],
            [3, 0, 0],
            [4, 0, 0, 0],
          ],
        ]) {
          for (const record of records) {
            writer.submit(Uint8Array.from(record));
            commands.produce(Uint8Array.from(record));
          }
          expect(testRun(loaded.program("main"), { packet: new Uint8Array(14) }).action).toBe(run());
        }
      } finally {
        writer.close();
      }
    },
  );
});
