import type { Operand, Temp } from "../../../compiler/ir/ir.ts";
import { type BlockBuilder, constant, i32, ModuleBuilder, scalar, staticMap, u32, u64 } from "../../kit/ir.ts";
import { DROP, PASS, packet, type TestModule, TX, udpPacket } from "./types.ts";

/** The place `offset` bytes into the packet, with `bytes` bytes proven to be there; otherwise leaves with `action`. */
export function fitting(to: BlockBuilder, offset: Operand, max: number | null, bytes: number, action = PASS): Temp {
  const place = to.let("packet", { op: "packetAt", offset, max }, "place");
  const fits = to.let("bool", { op: "packetFits", place, bytes });
  to.if(
    fits,
    () => undefined,
    () => to.return(u32(action)),
  );
  return place;
}

export const at = (to: BlockBuilder, offset: number, bytes: number, action = PASS): Temp =>
  fitting(to, u32(offset), offset, bytes, action);

function pass(): TestModule {
  const module = new ModuleBuilder("pass");
  module.program("pass", (to) => to.return(u32(PASS)));
  return { module: module.build(), packets: [packet(14), packet(60)] };
}

/** UDP over IPv4 with options, counted by destination port. */
function counter(): TestModule {
  const module = new ModuleBuilder("counter");
  module.map({ name: "ports", kind: "hash", key: scalar("u32"), value: scalar("u64"), maxEntries: 64 });
  module.program("counter", (to) => {
    const headers = at(to, 0, 34);
    const type = to.load("u16", 2, headers, 12, "big");
    to.if(to.let("bool", { op: "compare", operator: "ne", type: "u16", a: type, b: constant("u16", 0x800) }), () =>
      to.return(u32(PASS)),
    );
    const words = to.binary("and", "u32", to.load("u32", 1, headers, 14), u32(15));
    const length = to.binary("mul", "u32", words, u32(4));
    const udp = fitting(to, to.binary("add", "u32", length, u32(14)), 74, 8);
    const key = to.slot(scalar("u32"), "key");
    to.store(to.load("u32", 2, udp, 2, "big"), 4, key, 0, "little", 8);
    const found = to.let("pointer", { op: "mapLookup", map: staticMap(0), key });
    to.if(
      to.let("bool", { op: "isNull", a: found }),
      () => {
        const first = to.slot(scalar("u64"), "first");
        to.store(u64(1), 8, first, 0, "little", 8);
        to.effect({ op: "mapUpdate", map: staticMap(0), key, value: first, flags: u64(0) });
        to.return(u32(PASS));
      },
      () =>
        to.store(to.binary("add", "u64", to.load("u64", 8, found, 0, "little", 8), u64(1)), 8, found, 0, "little", 8),
    );
    to.return(u32(DROP));
  });
  const packets = [udpPacket(53), udpPacket(53), udpPacket(80, 15), packet(20), packet(60)];
  return { module: module.build(), packets };
}

/** Walks options of kind and length behind a fixed header, until kind 0 or the third of kind 5. */
function options(): TestModule {
  const module = new ModuleBuilder("options");
  module.program("options", (to) => {
    const offset = to.variable("u32", "offset");
    const seen = to.variable("u32", "seen");
    const turn = to.variable("u32", "turn");
    to.set(offset, u32(14));
    to.loop(16, (_, walk) => {
      const last = to.let("bool", { op: "compare", operator: "ge", type: "u32", a: to.get(turn), b: u32(16) });
      to.if(last, () => to.break(walk));
      to.set(turn, to.binary("add", "u32", to.get(turn), u32(1)));
      const option = fitting(to, to.get(offset), null, 2, DROP);
      const kind = to.load("u32", 1, option, 0);
      const is = (value: number) =>
        to.let("bool", { op: "compare", operator: "eq", type: "u32", a: kind, b: u32(value) });
      to.if(is(0), () => to.break(walk));
      to.if(is(5), () => to.set(seen, to.binary("add", "u32", to.get(seen), u32(1))));
      const enough = to.let("bool", { op: "compare", operator: "ge", type: "u32", a: to.get(seen), b: u32(3) });
      to.if(enough, () => to.return(u32(TX)));
      const next = to.binary("add", "u32", to.get(offset), to.load("u32", 1, option, 1));
      to.set(offset, next);
      const far = to.let("bool", { op: "compare", operator: "gt", type: "u32", a: next, b: u32(200) });
      to.if(far, () => to.return(u32(DROP)));
    });
    to.return(u32(PASS));
  });
  const walk = (...list: number[]) => packet(80, [...Array<number>(14).fill(0), ...list]);
  const packets = [
    walk(0),
    walk(5, 2, 5, 2, 5, 2, 0),
    walk(1, 4, 0, 0, 5, 2, 0),
    walk(1, 255),
    walk(6, 0),
    walk(5, 2, 5, 70),
    packet(15),
  ];
  return { module: module.build(), packets };
}

/** Offsets that come from the packet itself, beyond what a packet can hold too. */
function farOffsets(): TestModule {
  const module = new ModuleBuilder("faroffsets");
  module.program("far", (to) => {
    const start = at(to, 0, 14, DROP);
    const offset = to.load("u32", 4, start, 0);
    const place = fitting(to, offset, null, 2, DROP);
    to.store(u32(0xabcd), 2, place, 0, "big");
    to.return(u32(TX));
  });
  const far = (offset: number) => packet(64, [offset & 255, (offset >> 8) & 255, (offset >> 16) & 255, offset >>> 24]);
  return {
    module: module.build(),
    packets: [0, 14, 62, 63, 64, 16383, 16384, 65536, 65550, 2 ** 31, 2 ** 32 - 2].map(far),
  };
}

/** Bytes summed in a loop, with the check inside it. */
function summing(): TestModule {
  const module = new ModuleBuilder("summing");
  module.program("summing", (to) => {
    const index = to.variable("u32", "index");
    const sum = to.variable("u32", "sum");
    to.loop(64, (_, label) => {
      const done = to.let("bool", { op: "compare", operator: "ge", type: "u32", a: to.get(index), b: u32(64) });
      to.if(done, () => to.break(label));
      const place = to.let("packet", { op: "packetAt", offset: to.get(index), max: 63 });
      const fits = to.let("bool", { op: "packetFits", place, bytes: 1 });
      to.if(
        fits,
        () => undefined,
        () => to.break(label),
      );
      to.set(sum, to.binary("add", "u32", to.get(sum), to.load("u32", 1, place)));
      to.set(index, to.binary("add", "u32", to.get(index), u32(1)));
    });
    const out = at(to, 0, 4);
    to.store(to.get(sum), 4, out, 0, "little");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(14), packet(63), packet(64), packet(200)] };
}

/** Takes 14 bytes off the head, parses anew, puts 8 bytes on, then cuts the tail. */
function moving(): TestModule {
  const module = new ModuleBuilder("moving");
  module.program("moving", (to) => {
    const before = at(to, 0, 20);
    const kept = to.load("u64", 6, before, 0, "big");
    const failed = (op: "adjustHead" | "adjustTail", delta: number) => {
      const result = to.let("i64", { op, delta: i32(delta) });
      const bad = to.let("bool", { op: "compare", operator: "ne", type: "i64", a: result, b: constant("i64", 0) });
      to.if(bad, () => to.return(u32(DROP)));
    };
    failed("adjustHead", 14);
    const first = to.load("u32", 4, at(to, 0, 4));
    failed("adjustHead", -8);
    const grown = at(to, 0, 14);
    to.store(kept, 6, grown, 0, "big");
    to.store(first, 4, grown, 6, "big");
    to.store(to.let("u32", { op: "packetLength" }), 4, grown, 10, "big");
    failed("adjustTail", -2);
    to.store(to.let("u32", { op: "packetLength" }), 2, at(to, 12, 2), 0, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(60), packet(64), packet(34), packet(19)] };
}

/** Both ways read another field of the context. */
function contexts(): TestModule {
  const module = new ModuleBuilder("contexts");
  module.program("contexts", (to) => {
    const start = at(to, 0, 14);
    const chosen = to.variable("u32", "chosen");
    const even = to.let("bool", {
      op: "compare",
      operator: "eq",
      type: "u32",
      a: to.load("u32", 1, start),
      b: u32(1),
    });
    to.if(
      even,
      () => to.set(chosen, to.let("u32", { op: "context", field: "ingressInterface" })),
      () => to.set(chosen, to.let("u32", { op: "context", field: "queue" })),
    );
    to.store(to.get(chosen), 4, start, 4, "big");
    to.return(u32(TX));
  });
  return { module: module.build(), packets: [packet(20, [1]), packet(20, [2])] };
}

export const parsing = { pass, counter, options, farOffsets, summing, moving, contexts };
