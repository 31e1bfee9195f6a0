/**
 * How fast interpreted programs are. `node bench/interpreter.ts` prints nanoseconds per packet: with `enter`, the program
 * alone on a packet that is in the frame already; with `run`, copying the packet in and out as well.
 */
import { createMachine, type Machine } from "../compiler/interpreter/index.ts";
import type { Module, Operand } from "../compiler/ir/ir.ts";
import { type BlockBuilder, bytes, ModuleBuilder, scalar, staticMap, u32, u64 } from "../test/kit/ir.ts";

const PACKET = Uint8Array.from({ length: 64 }, (_, i) => i);
const ROUNDS = 7;
const PACKETS = 300_000;

/** A chain of `count` operations on 32 bits, fed from the packet so that nothing folds. */
function arithmetic(count: number): Module {
  const module = new ModuleBuilder(`arithmetic${count}`);
  module.program("main", (to) => {
    const place = to.let("packet", { op: "packetAt", offset: u32(14), max: 14 });
    to.if(to.let("bool", { op: "packetFits", place, bytes: 20 }), () => {
      let value: Operand = to.load("u32", 4, place, 12, "big");
      const operators = ["add", "xor", "mul", "shr", "sub", "or"] as const;
      for (let i = 0; i < count; i++) {
        value = to.binary(operators[i % operators.length] as "add", "u32", value, u32(((i * 2_654_435_761) % 31) + 1));
      }
      to.return(value);
    });
    to.return(u32(1));
  });
  return module.build();
}

/** Reads addresses and ports, finds the flow in a hash map and counts packet and bytes there. */
function flows(): Module {
  const module = new ModuleBuilder("flows");
  const map = staticMap(
    module.map({ name: "flows", kind: "hash", key: bytes(12), value: bytes(16), maxEntries: 1024 }),
  );
  const add = (to: BlockBuilder, entry: Operand, offset: number, by: Operand) =>
    to.store(to.binary("add", "u64", to.load("u64", 8, entry, offset), by), 8, entry, offset);
  module.program("main", (to) => {
    const place = to.let("packet", { op: "packetAt", offset: u32(14), max: 14 });
    const fits = to.let("bool", { op: "packetFits", place, bytes: 40 });
    to.if(
      fits,
      () => undefined,
      () => to.return(u32(1)),
    );
    const [key, value] = [to.slot(bytes(12), "key"), to.slot(bytes(16), "value")];
    to.store(to.load("u32", 4, place, 12), 4, key);
    to.store(to.load("u32", 4, place, 16), 4, key, 4);
    to.store(to.load("u32", 4, place, 20), 4, key, 8);
    const entry = to.let("pointer", { op: "mapLookup", map, key });
    to.if(to.let("bool", { op: "isNull", a: entry }), () => {
      to.zero(value, 0, 16);
      to.effect({ op: "mapUpdate", map, key, value, flags: u64(0) });
      to.return(u32(2));
    });
    add(to, entry, 0, u64(1));
    add(
      to,
      entry,
      8,
      to.let("u64", { op: "convert", from: "u32", to: "u64", a: to.let("u32", { op: "packetLength" }) }),
    );
    to.return(u32(2));
  });
  return module.build();
}

/** Addition, multiplication and shifts of 64 bits. */
function wide(): Module {
  const module = new ModuleBuilder("wide");
  const state = module.global("state", scalar("u64"));
  module.program("main", (to) => {
    const place = to.let("pointer", { op: "global", global: state });
    let value: Operand = to.load("u64", 8, place);
    for (let i = 0; i < 20; i++) {
      value = to.binary("mul", "u64", to.binary("add", "u64", value, u64(i + 1)), u64(6_364_136_223_846_793_005n));
      value = to.binary("xor", "u64", value, to.binary("shr", "u64", value, u64(29)));
    }
    to.store(value, 8, place);
    to.return(u32(2));
  });
  return module.build();
}

function fastest(work: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < PACKETS; i++) work();
    return Number(process.hrtime.bigint() - start) / PACKETS;
  });
  return Math.min(...times);
}

function measure(name: string, machine: Machine): void {
  const program = machine.programs.main;
  if (program === undefined) throw new Error(`${name} has no program`);
  const run = fastest(() => machine.run("main", PACKET));
  const enter = fastest(() => program.enter());
  console.log(`${name.padEnd(28)} run ${run.toFixed(0).padStart(5)} ns   enter ${enter.toFixed(0).padStart(5)} ns`);
}

measure("200 operations of 32 bits", createMachine(arithmetic(200)));
measure("flow table, one hash look-up", createMachine(flows()));
measure("80 operations of 64 bits", createMachine(wide()));
